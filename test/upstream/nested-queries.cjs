/** Express 4 parses `?filter[keyword]=a` into objects. Express 5 needs this setting, and upstream's tests need the objects. */
exports.withNestedQueries = app => app.set('query parser', 'extended');
