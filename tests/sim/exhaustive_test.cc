// A socket and its service, and everything that can happen to them, up to a depth: which commands
// there are, how each process ends or that it hangs, clients, stops and starts, in every order.

#include <signal.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

#include "tests/sim/choices.h"
#include "tests/sim/outside_view.h"
#include "tests/sim/world.h"

namespace socketd::sim {
namespace {

constexpr int kDepth = 4;  // each step more costs six times the time
constexpr absl::Duration kTimeout = absl::Seconds(5);

struct Happening {
  std::string name;
  std::function<void()> happen;
};

// Which world is walked through.
struct Shape {
  size_t commands = 0;  // a bit for each slot
  absl::string_view kill_mode;
  bool defers = false;  // another service is up that the start of this one would stop
};

void Configure(World& world, const Shape& shape) {
  static constexpr std::array<absl::string_view, 4> kSlots = {"StartPre", "StartPost", "StopPre",
                                                              "StopPost"};
  std::string text = absl::StrCat(
      "[Socket]\nListenStream=127.0.0.1:80\nTimeoutSec=5s\nTriggerLimitBurst=1\nKillMode=",
      shape.kill_mode, "\n");
  for (size_t i = 0; i < kSlots.size(); ++i) {
    const std::string program = absl::StrCat("/bin/", kSlots[i]);
    world.AddProgram(program, "ignores sigterm, hangs");
    if ((shape.commands & (size_t{1} << i)) != 0) {
      absl::StrAppend(&text, "Exec", kSlots[i], "=", program, "\n");
    }
  }
  if (shape.defers) absl::StrAppend(&text, "DeferTrigger=patient\nDeferTriggerMaxSec=7s\n");
  world.AddUnit("a.socket", text);
  world.AddProgram("/bin/main", "accepts 1 connections, hangs");
  world.AddUnit("a.service", absl::StrCat(shape.defers ? "[Unit]\nConflicts=b.service\n" : "",
                                          "[Service]\nExecStart=/bin/main\nTimeoutStopSec=5s\n"));
  world.AddProgram("/bin/other", "hangs");
  world.AddUnit("b.service", "[Service]\nExecStart=/bin/other\nTimeoutStopSec=5s\n");
}

void AddEnds(World& world, int pid, const std::string& program, std::vector<Happening>& all) {
  for (const Exit& exit :
       {Exit{Exit::How::kExited, 0}, Exit{Exit::How::kExited, 1}, Exit{Exit::How::kSignaled, 9}}) {
    all.push_back({absl::StrCat(program, " ends ", exit.status),
                   [&world, pid, exit] { world.kernel().processes().Finish(pid, exit); }});
  }
}

// What can happen now.
std::vector<Happening> Possible(World& world, const Shape& shape) {
  std::vector<Happening> all;
  all.push_back({"start", [&world] { world.Ask(JobKind::kStart, "a.socket"); }});
  all.push_back({"stop", [&world] { world.Ask(JobKind::kStop, "a.socket"); }});
  const absl::string_view state = world.StateOf("a.socket");
  if (shape.defers) {
    const bool up = world.StateOf("b.service") == "running";
    all.push_back({up ? "stop the other" : "start the other", [&world, up] {
                     world.Ask(up ? JobKind::kStop : JobKind::kStart, "b.service");
                   }});
  }
  if (state == "listening" || state == "cooling" || state == "deferred") {
    all.push_back({"pause", [&world] { world.Pause("a.socket", false); }});
  }
  if (state == "paused") {
    all.push_back({"resume", [&world] { world.Pause("a.socket", true); }});
  }
  for (const auto& [pid, process] : world.kernel().processes().all()) {
    if (process.alive) AddEnds(world, pid, process.program, all);
  }
  if (world.loop().timers().armed() > 0) {
    all.push_back({"time passes", [&world] { world.Advance(kTimeout); }});
  }
  if (state == "listening" || state == "paused") {
    all.push_back({"connect", [&world] {
                     world.kernel().ports().Connect("127.0.0.1:80").status().IgnoreError();
                   }});
  }
  return all;
}

void Walk(Choices& choices, const Shape& shape) {
  World world;
  std::vector<std::string> told;
  Configure(world, shape);
  world.Boot();
  world.Ask(JobKind::kStart, "a.socket");
  if (shape.defers) world.Ask(JobKind::kStart, "b.service");
  world.Settle();
  for (int i = 0; i < kDepth; ++i) {
    const std::vector<Happening> possible = Possible(world, shape);
    const Happening& chosen = possible[choices.Pick(possible.size())];
    told.push_back(chosen.name);
    chosen.happen();
    world.Settle();
  }
  if (!world.ShutDown(absl::Hours(1))) world.Complain("does not shut down");
  for (const std::string& problem : LookAtTheEnd(world))
    world.Complain(problem);
  ASSERT_TRUE(world.complaints().empty())
      << absl::StrJoin(world.complaints(), "\n") << "\ncommands " << shape.commands
      << ", kill mode " << shape.kill_mode << (shape.defers ? ", deferring" : "") << ": "
      << absl::StrJoin(told, ", ");
}

int WalkAll(const Shape& shape) {
  Choices choices;
  int paths = 0;
  do {
    Walk(choices, shape);
    if (::testing::Test::HasFatalFailure()) return paths;
    ++paths;
  } while (choices.Next());
  return paths;
}

class ExhaustiveTest : public ::testing::TestWithParam<size_t> {};

TEST_P(ExhaustiveTest, EveryPathKeepsTheInvariantsAndComesToRest) {
  for (absl::string_view kill_mode : {"control-group", "process"})
    RecordProperty(std::string(kill_mode), WalkAll({GetParam(), kill_mode}));
}

class ExhaustiveDeferTest : public ::testing::TestWithParam<size_t> {};

TEST_P(ExhaustiveDeferTest, EveryPathKeepsTheInvariantsAndComesToRest) {
  RecordProperty("paths", WalkAll({GetParam(), "control-group", true}));
}

INSTANTIATE_TEST_SUITE_P(Commands, ExhaustiveDeferTest, ::testing::Values(0, 5, 10, 15));
INSTANTIATE_TEST_SUITE_P(Commands, ExhaustiveTest, ::testing::Range(size_t{0}, size_t{16}));

}  // namespace
}  // namespace socketd::sim
