/* Sums i mod 7 + i mod 13 over every i below n, which no compiler replaces by a formula. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s N\n", argv[0]);
        return 2;
    }
    uint64_t n = strtoull(argv[1], NULL, 10);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += i % 7 + i % 13;
    printf("result: %" PRIu64 "\n", sum);
    return 0;
}
