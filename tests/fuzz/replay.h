// Runs a fuzz target without a fuzzer: every file of a corpus, then seeded mutations of them. The
// same seed gives the same inputs on every machine. replay.cc has the test that calls it, linked to
// each target by fuzz_target (fuzz.bzl); the target itself ends the process on a finding (CHECK).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace socketd::fuzz {

using Target = int (*)(const uint8_t* data, size_t size);

struct ReplayOptions {
  std::vector<std::string> corpus;  // the contents of its files; not empty
  uint64_t seed = 1;
  int mutations = 0;
};

// The contents of the regular files of a folder, by their names in order.
std::vector<std::string> ReadCorpus(const std::string& folder);

// How many inputs the target got.
int Replay(const ReplayOptions& options, Target target);

}  // namespace socketd::fuzz
