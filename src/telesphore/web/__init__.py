"""Pages: one folder per room (urls, views, forms), the shared shell, the templates."""
