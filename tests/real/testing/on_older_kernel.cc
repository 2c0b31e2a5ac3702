// Runs a program as on an older kernel (older_kernel.h): on_older_kernel PROGRAM [ARGUMENT]...
#include <unistd.h>

#include <cstdio>

#include "tests/real/testing/older_kernel.h"

int main(int argc, char** argv) {
  if (argc < 2 || !socketd::real::ForgetPidfdInfo()) {
    std::perror("on_older_kernel");
    return 125;
  }
  execv(argv[1], argv + 1);
  std::perror(argv[1]);
  return 126;
}
