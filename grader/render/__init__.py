"""From a report to something to read. A renderer is a pure function: it prints nothing and scores nothing."""
