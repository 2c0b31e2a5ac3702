// Whatever a socket unit counts it goes on counting from there when its daemon was killed. No
// counter is named here: one that is added to SocketCounters and not remembered fails.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/engine/memory.h"
#include "server/engine/remembered.pb.h"
#include "server/unit/snapshot.h"
#include "tests/sim/world.h"

namespace socketd::sim {
namespace {

using ::testing::Each;
using ::testing::Gt;

constexpr size_t kMemory = size_t{64} * 1024;
constexpr uint64_t kLeast = 1000;

// It has nothing but counters.
using Counters = std::array<uint64_t, sizeof(SocketCounters) / sizeof(uint64_t)>;

Counters CountersOf(const World& world) {
  return std::bit_cast<Counters>(world.Find("web.socket")->socket.counters);
}

// Each number of the record is another one.
remembered::Unit RecordOfASocket() {
  remembered::Unit unit;
  unit.set_name("web.socket");
  unit.set_state("dead");
  unit.set_result(1);
  unit.set_revision(1);
  remembered::Socket& record = *unit.mutable_socket();
  const google::protobuf::Descriptor& fields = *record.GetDescriptor();
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::FieldDescriptor* const field = fields.field(i);
    const bool number = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_UINT64 &&
                        !field->is_repeated();
    if (!number) continue;
    record.GetReflection()->SetUInt64(&record, field,
                                      kLeast + static_cast<uint64_t>(field->number()));
  }
  return unit;
}

TEST(CountersTest, EachOfThemIsFoundAgain) {
  World world;
  world.AddUnit("web.socket", "[Socket]\nListenStream=127.0.0.1:80\n");
  world.AddUnit("web.service", "[Service]\nExecStart=/bin/web\n");
  Memory(world.kernel(), kMemory).Put(RecordOfASocket());
  world.Boot();
  const Counters found = CountersOf(world);
  EXPECT_THAT(found, Each(Gt(kLeast)));
  Counters sorted = found;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());

  // What this daemon has written itself.
  world.Ask(JobKind::kStart, "web.socket");
  world.Settle();
  ASSERT_EQ(world.StateOf("web.socket"), "listening");
  world.kernel().Kill();
  world.Settle();
  EXPECT_EQ(world.boots(), 2);
  EXPECT_EQ(CountersOf(world), found);
}

}  // namespace
}  // namespace socketd::sim
