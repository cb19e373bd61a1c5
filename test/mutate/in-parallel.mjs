/** Each job once, as many at a time as there are workers. */
export async function inParallel(jobs, workers, run) {
  const queue = [...jobs];
  const work = async worker => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await run(job, worker);
  };
  await Promise.all(workers.map(work));
}
