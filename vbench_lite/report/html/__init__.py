"""Reports as one HTML file: markup, charts, clips, and the pages of a run and of a comparison."""
