#include "tests/fuzz/replay.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "gtest/gtest.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace socketd::fuzz {
namespace {

constexpr int kMutations = 1000;
constexpr size_t kLongestInput = 4096;  // bytes, libFuzzer's own default
constexpr const char* kTokens[] = {"%", "\\",  "\n", "=",  "[",  "]", "\"",   "'",  ";", "$",
                                   "0", "-1",  " ",  "/",  "..", "@", "\xFF", "{",  "}", ":",
                                   "#", "\\x", "%i", "${", "\r", "!", "+",    "\t", "."};

// What a fuzzer does first: bits, bytes, pieces, tokens, and halves of two inputs.
class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, uint64_t seed) : corpus_(corpus), random_(seed) {}

  std::string Next() {
    std::string text = Any();
    const size_t steps = 1 + Below(8);
    for (size_t i = 0; i < steps; ++i)
      Change(text);
    text.resize(std::min(text.size(), kLongestInput));
    return text;
  }

 private:
  // Not std::uniform_int_distribution: its results differ between libraries.
  size_t Below(size_t bound) { return static_cast<size_t>(random_() % bound); }

  const std::string& Any() { return corpus_[Below(corpus_.size())]; }

  void Change(std::string& text) {
    const size_t at = Below(text.size() + 1);
    const size_t length = Below(std::min<size_t>(text.size() - at, 32) + 1);
    switch (Below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << Below(8)));
        return;
      case 1:
        text.insert(at, 1, static_cast<char>(Below(256)));
        return;
      case 2:
        text.erase(at, length);
        return;
      case 3:
        text.insert(at, text.substr(at, length));
        return;
      case 4:
        text.insert(at, kTokens[Below(std::size(kTokens))]);
        return;
      default: {
        const std::string& other = Any();
        text.replace(at, std::string::npos, other.substr(Below(other.size() + 1)));
        return;
      }
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

TEST(Fuzz, CorpusAndItsMutationsPass) {
  const char* folder = std::getenv("FUZZ_CORPUS");
  ASSERT_NE(folder, nullptr);
  ReplayOptions options;
  options.corpus = ReadCorpus(folder);
  ASSERT_FALSE(options.corpus.empty()) << folder;
  if (const char* seed = std::getenv("FUZZ_SEED")) options.seed = std::strtoull(seed, nullptr, 10);
  options.mutations = kMutations;
  std::cout << "FUZZ_SEED=" << options.seed << "\n";
  EXPECT_EQ(Replay(options, LLVMFuzzerTestOneInput),
            static_cast<int>(options.corpus.size()) + kMutations);
}

}  // namespace

std::vector<std::string> ReadCorpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (std::filesystem::is_regular_file(entry.path(), error)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

int Replay(const ReplayOptions& options, Target target) {
  int runs = 0;
  const auto run = [&](const std::string& input) {
    // A buffer of just that size, so that the address sanitizer sees any step beyond its end.
    const std::vector<uint8_t> bytes(input.begin(), input.end());
    target(bytes.data(), bytes.size());
    ++runs;
  };
  for (const std::string& input : options.corpus)
    run(input);
  Mutator mutator(options.corpus, options.seed);
  for (int i = 0; i < options.mutations; ++i)
    run(mutator.Next());
  return runs;
}

}  // namespace socketd::fuzz
