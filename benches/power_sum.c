/* The floor for power-sum: a plain loop over unsigned __int128, as one writes it in C.
 *
 *   power_sum N ROUNDS
 *
 * walks i = 0 .. N-1 and prints, for each round, the time in ns and the sum of i + i^2 + i^3.
 * The empty asm is the compiler barrier that std::hint::black_box is in Rust: it hides the value
 * of i in each turn, or else the loop would be replaced by a formula. It keeps i in a register,
 * which is the kindest form of the barrier. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned __int128 power_sum(uint64_t n)
{
    unsigned __int128 sum = 0;
    for (uint64_t k = 0; k < n; k++) {
        uint64_t boxed = k;
        __asm__ volatile("" : "+r"(boxed));
        unsigned __int128 i = boxed;
        sum += i + i * i + i * i * i;
    }
    return sum;
}

static void print_u128(unsigned __int128 value)
{
    char digits[40];
    int at = sizeof digits;
    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    puts(&digits[at]);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: power_sum N ROUNDS\n");
        return 2;
    }
    uint64_t n = strtoull(argv[1], NULL, 10);
    long rounds = strtol(argv[2], NULL, 10);
    for (long round = 0; round < rounds; round++) {
        uint64_t start = now_ns();
        unsigned __int128 sum = power_sum(n);
        uint64_t time = now_ns() - start;
        printf("%" PRIu64 " ", time);
        print_u128(sum);
    }
    return 0;
}
