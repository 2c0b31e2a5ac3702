// What the engine remembers beyond the daemon's end, over the memory of the fake kernel: found
// again as it was written, rewritten before it is full, and never believed where it is damaged.

#include "server/engine/memory.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/dice.h"
#include "tests/sim/fake_kernel.h"

namespace socketd::sim {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kEnough = 1000;
constexpr size_t kSize = size_t{64} * 1024;

remembered::Unit UnitNamed(const std::string& name, const std::string& state) {
  remembered::Unit unit;
  unit.set_name(name);
  unit.set_state(state);
  unit.set_result(1);
  return unit;
}

Change ChangeOf(int64_t revision) {
  Change change;
  change.revision = revision;
  change.unit = "web.socket";
  change.from = NameOf(SocketState::kListening);
  change.to = NameOf(SocketState::kRunning);
  change.active_state = ActiveState::kActive;
  change.cause = {Cause::Kind::kTraffic, "web.socket", "127.0.0.1"};
  return change;
}

class MemoryTest : public ::testing::Test {
 protected:
  FakeKernel kernel_;
};

TEST_F(MemoryTest, UnitsAndChangesAreFoundAgain) {
  Memory before(kernel_, kSize);
  before.Put(UnitNamed("web.socket", "listening"));
  before.Put(UnitNamed("web.socket", "running"));
  before.Put(UnitNamed("db.service", "running"));
  before.Put(UnitNamed("old.service", "dead"));
  remembered::Unit gone = UnitNamed("old.service", "");
  gone.set_gone(true);
  before.Put(gone);
  before.Append(ChangeOf(1));
  before.Append(ChangeOf(2));

  const Memory::Past past = Memory(kernel_, kSize).Recall(kEnough);
  ASSERT_THAT(past.units, SizeIs(2));
  EXPECT_EQ(past.units[0].name(), "db.service");
  EXPECT_EQ(past.units[1].state(), "running");
  ASSERT_THAT(past.changes, SizeIs(2));
  EXPECT_EQ(past.changes[1].revision, 2);
  EXPECT_EQ(past.changes[1].to, "running");
  EXPECT_EQ(past.changes[1].cause.detail, "127.0.0.1");
}

TEST_F(MemoryTest, WhatHasNoNameIsNoUnit) {
  Memory before(kernel_, kSize);
  before.Put(UnitNamed("", "running"));
  before.Put(UnitNamed("web.socket", "running"));
  const Memory::Past past = Memory(kernel_, kSize).Recall(kEnough);
  ASSERT_THAT(past.units, SizeIs(1));
  EXPECT_EQ(past.units[0].name(), "web.socket");
}

TEST_F(MemoryTest, ItIsRewrittenBeforeItIsFull) {
  Memory memory(kernel_, kSize);
  for (int i = 0; i < 100000; ++i)
    memory.Put(UnitNamed(absl::StrCat("unit-", i % 20, ".service"), absl::StrCat("state ", i)));
  const Memory::Past past = Memory(kernel_, kSize).Recall(kEnough);
  ASSERT_THAT(past.units, SizeIs(20));
  for (const remembered::Unit& unit : past.units)
    EXPECT_EQ(unit.state().substr(0, 9), "state 999") << unit.name();
}

TEST_F(MemoryTest, TheLastChangesAreKeptWithoutAGap) {
  Memory memory(kernel_, kSize);
  constexpr int64_t kChanges = 5000;
  for (int64_t revision = 1; revision <= kChanges; ++revision)
    memory.Append(ChangeOf(revision));
  const Memory::Past past = Memory(kernel_, kSize).Recall(kEnough);
  ASSERT_GT(past.changes.size(), 20U);
  EXPECT_EQ(past.changes.back().revision, kChanges);
  for (size_t i = 1; i < past.changes.size(); ++i)
    ASSERT_EQ(past.changes[i].revision, past.changes[i - 1].revision + 1);
}

TEST_F(MemoryTest, ALayoutOfALaterDaemonIsLeftAlone) {
  Memory(kernel_, kSize).Put(UnitNamed("web.socket", "running"));
  kernel_.Memory(kSize)[8] = 99;
  EXPECT_THAT(Memory(kernel_, kSize).Recall(kEnough).units, IsEmpty());
}

// A record that is believed is one that was written. More of them:
//   MEMORY_DAMAGES=1000000 bazel-bin/tests/sim/memory_test
TEST_F(MemoryTest, WhatIsDamagedIsNotBelieved) {
  const char* const wanted = std::getenv("MEMORY_DAMAGES");
  int damages = 100000;
  ASSERT_TRUE(wanted == nullptr || absl::SimpleAtoi(wanted, &damages));
  {
    Memory memory(kernel_, kSize);
    for (int i = 0; i < 12; ++i)
      memory.Put(UnitNamed(absl::StrCat("unit-", i, ".service"), "running"));
    for (int64_t revision = 1; revision <= 12; ++revision)
      memory.Append(ChangeOf(revision));
  }
  const absl::Span<char> memory = kernel_.Memory(kSize);
  const std::vector<char> sound(memory.begin(), memory.end());
  Dice dice(7);
  size_t believed = 0;
  for (int i = 0; i < damages; ++i) {
    // Most of it is empty: what is written is at the start of each area.
    const size_t places[] = {0, 64, 64 + (kSize - 64) / 8};
    const size_t from = places[dice.Below(3)];
    for (size_t bytes = 1 + dice.Below(8); bytes > 0; --bytes)
      memory[from + dice.Below(900)] ^= static_cast<char>(1 + dice.Below(255));
    const Memory::Past past = Memory(kernel_, kSize).Recall(kEnough);
    for (const remembered::Unit& unit : past.units)
      ASSERT_TRUE(unit.state() == "running" && unit.result() == 1) << unit.ShortDebugString();
    for (const Change& change : past.changes)
      ASSERT_TRUE(change.revision <= 12 && change.to == "running");
    believed += past.units.size() + past.changes.size();
    std::copy(sound.begin(), sound.end(), memory.begin());
  }
  EXPECT_GT(believed, 0U);
}

}  // namespace
}  // namespace socketd::sim
