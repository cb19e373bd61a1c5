/** The default theme, with tables that fit. */
import DefaultTheme from 'vitepress/theme';
import './tables.css';

export default DefaultTheme;
