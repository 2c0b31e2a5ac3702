// Storms by the thousand. `--seeds=N` says how many, `--seed=S` runs one and prints all of it,
// `--from=S` where to begin; without it the clock says. Ends at the first storm that breaks
// something, with the command that replays it.

#include "tests/sim/storm.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace socketd::sim {
namespace {

// A little over 100,000 unit lives.
constexpr uint64_t kSeeds = 4800;
constexpr uint64_t kNone = ~uint64_t{0};
constexpr size_t kShownMoves = 60;

uint64_t Flag(int argc, char** argv, absl::string_view name, uint64_t otherwise) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view text = argv[i];
    uint64_t value = 0;
    if (absl::StartsWith(text, name) && absl::SimpleAtoi(text.substr(name.size()), &value)) {
      return value;
    }
  }
  return otherwise;
}

void Show(const StormReport& report, size_t moves) {
  const size_t first = report.trail.size() > moves ? report.trail.size() - moves : 0;
  for (size_t i = first; i < report.trail.size(); ++i)
    std::printf("%s\n", report.trail[i].c_str());
  for (const std::string& complaint : report.complaints)
    std::printf("BROKEN: %s\n", complaint.c_str());
  std::printf("replay: bazel run //tests/sim:storm_test -- --seed=%llu\n",
              static_cast<unsigned long long>(report.seed));
}

// What all threads have done so far. Worlds share nothing, so each thread has its own.
struct Progress {
  std::atomic<uint64_t> next{0};
  std::atomic<uint64_t> broken{kNone};
  std::atomic<int64_t> lives{0};
  std::atomic<int64_t> turns{0};
};

void Work(uint64_t from, uint64_t seeds, Progress& progress) {
  for (;;) {
    const uint64_t index = progress.next++;
    if (index >= seeds || progress.broken != kNone) return;
    const StormReport report = Storm(from + index, false).Go();
    progress.lives += report.lives;
    progress.turns += report.turns;
    if (!report.complaints.empty()) progress.broken = from + index;
  }
}

int RunAll(uint64_t from, uint64_t seeds) {
  const auto begun = std::chrono::steady_clock::now();
  Progress progress;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] { Work(from, seeds, progress); });
  }
  for (std::thread& thread : threads)
    thread.join();
  if (progress.broken != kNone) {
    Show(Storm(progress.broken, true).Go(), kShownMoves);
    return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::printf("%llu storms from seed %llu: %lld unit lives, %lld turns in %.1f s, %.0f lives/s\n",
              static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(from),
              static_cast<long long>(progress.lives), static_cast<long long>(progress.turns),
              took.count(), static_cast<double>(progress.lives) / took.count());
  return 0;
}

}  // namespace
}  // namespace socketd::sim

int main(int argc, char** argv) {
  using socketd::sim::Flag;
  const uint64_t one = Flag(argc, argv, "--seed=", socketd::sim::kNone);
  if (one != socketd::sim::kNone) {
    const socketd::sim::StormReport report = socketd::sim::Storm(one, true).Go();
    socketd::sim::Show(report, report.trail.size());
    return report.complaints.empty() ? 0 : 1;
  }
  const auto clock = std::chrono::system_clock::now().time_since_epoch().count();
  const uint64_t from = Flag(argc, argv, "--from=", static_cast<uint64_t>(clock / 1000000) << 8);
  return socketd::sim::RunAll(from, Flag(argc, argv, "--seeds=", socketd::sim::kSeeds));
}
