BEGIN { for (i = 0; i < ARGV[1]; i++) count++; print count }
