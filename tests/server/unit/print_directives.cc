// Prints the reference page of all directives: proto/directives.md is its output.
#include <iostream>

#include "server/unit/schema.h"

int main() {
  std::cout << socketd::DirectivesPage();
}
