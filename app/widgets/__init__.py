"""Widgets that any feature can use: banner, dialogs, tables, labels, drag and drop."""
