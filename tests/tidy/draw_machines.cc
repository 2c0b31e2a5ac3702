// Puts the drawings of the state machines into server/README.md: bazel run
// //tests/tidy:draw_machines
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/tidy/machine_picture.h"

int main() {
  const char* root = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (root == nullptr) {
    std::fputs("run this by: bazel run //tests/tidy:draw_machines\n", stderr);
    return 2;
  }
  const std::string path = std::string(root) + "/server/README.md";
  std::ifstream in(path);
  const std::string page(std::istreambuf_iterator<char>(in), {});
  in.close();
  std::ofstream out(path);
  out << socketd::tidy::WithDrawings(page);
  return out.good() ? 0 : 1;
}
