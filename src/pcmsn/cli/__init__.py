"""The command line: each file parses one command's options, calls the library and prints."""
