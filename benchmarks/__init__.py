"""One program for each headline number; each prints a `report.Report`."""
