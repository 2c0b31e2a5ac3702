// The part of the contract that is about names and files.
#include <cerrno>
#include <string>
#include <variant>

#include "server/base/errors.h"
#include "tests/sim/kernel_contract.h"
#include "tests/testing/matchers.h"

namespace socketd::sim {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::FailsWith;
using ::socketd::testing::IsOk;
using ::socketd::testing::IsOkAndHolds;
using Kind = Event::Kind;

namespace {

constexpr Token kOtherToken{(1ULL << 32) | 4U};

// Long enough for a real kernel to tell what it has to tell.
constexpr absl::Duration kQuiet = absl::Milliseconds(100);

}  // namespace

TEST_P(KernelContract, ALookupIsAnsweredLater) {
  kernel().Lookup({"root", ""}, kOtherToken);
  ASSERT_TRUE(Await(Kind::kLookedUp, kOtherToken));
  auto owner = kernel().TakeLookup(kOtherToken);
  ASSERT_THAT(owner, IsOk());
  EXPECT_EQ(owner->uid, 0U);
}

TEST_P(KernelContract, AnAnswerThatNobodyTakesIsForgotten) {
  kernel().Lookup({"root", ""}, kOtherToken);
  ASSERT_TRUE(Await(Kind::kLookedUp, kOtherToken));
  kernel().Poll(Instant::Start());
  EXPECT_THAT(kernel().TakeLookup(kOtherToken), FailsBecause("NOT_LOOKED_UP"));
}

TEST_P(KernelContract, AnUnknownUserHasItsReason) {
  kernel().Lookup({"nobody-has-this-name", ""}, kOtherToken);
  ASSERT_TRUE(Await(Kind::kLookedUp, kOtherToken));
  EXPECT_THAT(kernel().TakeLookup(kOtherToken), FailsBecause("NO_SUCH_USER"));
}

TEST_P(KernelContract, FilesAreWrittenWholeAndReadWithinTheLimit) {
  const std::string path = world().Folder() + "/text";
  EXPECT_THAT(kernel().ReadFile(path, 10), FailsWith(absl::StatusCode::kNotFound));
  ASSERT_THAT(kernel().WriteFile(path, "first"), IsOk());
  ASSERT_THAT(kernel().WriteFile(path, "second"), IsOk());
  EXPECT_THAT(kernel().ReadFile(path, 6), IsOkAndHolds("second"));
  EXPECT_THAT(kernel().ReadFile(path, 5), FailsWith(absl::StatusCode::kOutOfRange));
}

TEST_P(KernelContract, AStampChangesWithItsFileAndWithNothingElse) {
  const std::string path = world().Folder() + "/text";
  EXPECT_THAT(kernel().StampOf(path), FailsWith(absl::StatusCode::kNotFound));
  ASSERT_THAT(kernel().WriteFile(path, "one"), IsOk());
  ASSERT_THAT(kernel().MakeSymlink("text", path + "-link"), IsOk());
  auto first = kernel().StampOf(path);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(kernel().ReadFile(path, 10), IsOk());
  EXPECT_EQ(*kernel().StampOf(path), *first);
  EXPECT_EQ(*kernel().StampOf(path + "-link"), *first);
  ASSERT_THAT(kernel().WriteFile(path, "two"), IsOk());
  EXPECT_FALSE(*kernel().StampOf(path) == *first);
}

TEST_P(KernelContract, WhatIsAtAPathIsTold) {
  using PathKind = PathFacts::Kind;
  const std::string folder = world().Folder();
  const auto look = [&](const std::string& path) {
    const auto facts = kernel().Inspect(path);
    EXPECT_THAT(facts, IsOk()) << path;
    return facts.ok() ? *facts : PathFacts();
  };
  EXPECT_THAT(kernel().Inspect(folder + "/none"), FailsWith(absl::StatusCode::kNotFound));
  EXPECT_TRUE(look("/").mount_point);
  EXPECT_EQ(look(folder).kind, PathKind::kDirectory);
  EXPECT_TRUE(look(folder).empty);
  EXPECT_FALSE(look(folder).mount_point);
  EXPECT_FALSE(look(folder).read_only);

  ASSERT_THAT(kernel().WriteFile(folder + "/text", ""), IsOk());
  EXPECT_FALSE(look(folder).empty);
  EXPECT_EQ(look(folder + "/text").kind, PathKind::kFile);
  EXPECT_TRUE(look(folder + "/text").empty);
  EXPECT_FALSE(look(folder + "/text").executable);
  ASSERT_THAT(kernel().WriteFile(folder + "/text", "some"), IsOk());
  EXPECT_FALSE(look(folder + "/text").empty);

  ASSERT_THAT(kernel().MakeSymlink("text", folder + "/link"), IsOk());
  EXPECT_TRUE(look(folder + "/link").symlink);
  EXPECT_EQ(look(folder + "/link").kind, PathKind::kFile);
  EXPECT_FALSE(look(folder + "/link").empty);
  ASSERT_THAT(kernel().MakeSymlink("none", folder + "/lost"), IsOk());
  EXPECT_TRUE(look(folder + "/lost").symlink);
  EXPECT_EQ(look(folder + "/lost").kind, PathKind::kNothing);

  const auto port = kernel().Listen(PathSpec(ListenType::kStream, "socket"));
  ASSERT_THAT(port, IsOk());
  EXPECT_EQ(look(folder + "/socket").kind, PathKind::kSocket);
  const auto fifo = kernel().Listen(PathSpec(ListenType::kFifo, "fifo"));
  ASSERT_THAT(fifo, IsOk());
  EXPECT_EQ(look(folder + "/fifo").kind, PathKind::kOther);
}

TEST_P(KernelContract, DirectoriesAreListedByNameWithWhatIsInThem) {
  const std::string folder = world().Folder();
  ASSERT_THAT(kernel().WriteFile(folder + "/b", ""), IsOk());
  ASSERT_THAT(kernel().MakeSymlink("b", folder + "/a"), IsOk());
  auto entries = kernel().ListDirectory(folder);
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ(entries->at(0).name, "a");
  EXPECT_EQ(entries->at(0).kind, DirectoryEntry::Kind::kSymlink);
  EXPECT_EQ(entries->at(0).target, "b");
  EXPECT_EQ(entries->at(1).name, "b");
  EXPECT_EQ(entries->at(1).kind, DirectoryEntry::Kind::kFile);
  EXPECT_THAT(kernel().ListDirectory(folder + "/none"), FailsWith(absl::StatusCode::kNotFound));
}

TEST_P(KernelContract, ALinkThatLeadsThereAlreadyIsAsGoodAsANewOne) {
  const std::string path = world().Folder() + "/link";
  ASSERT_THAT(kernel().MakeSymlink("a", path), IsOk());
  EXPECT_THAT(kernel().MakeSymlink("a", path), IsOk());
  EXPECT_EQ(ErrnoOf(kernel().MakeSymlink("b", path)), EEXIST);
}

TEST_P(KernelContract, OnlyTheNodeThatWasMeantIsRemoved) {
  const ListenSpec spec = PathSpec(ListenType::kStream, "node");
  const std::string path = std::get<PathAddress>(spec.address).path;
  auto port = kernel().Listen(spec);
  ASSERT_THAT(port, IsOk());
  kernel().Remove(path, port->node + 1).IgnoreError();
  EXPECT_TRUE(world().Connect(spec.address));
  EXPECT_THAT(kernel().Remove(path, port->node), IsOk());
  EXPECT_FALSE(world().Connect(spec.address));
}

TEST_P(KernelContract, ATreeIsRemovedAndNothingThatItsLinksLeadTo) {
  const std::string folder = world().Folder();
  {
    auto made = kernel().Listen(PathSpec(ListenType::kFifo, "kept/fifo"));
    auto also = kernel().Listen(PathSpec(ListenType::kFifo, "tree/deep/er/fifo"));
    ASSERT_THAT(made, IsOk());
    ASSERT_THAT(also, IsOk());
  }
  ASSERT_THAT(kernel().WriteFile(folder + "/tree/text", "gone"), IsOk());
  ASSERT_THAT(kernel().MakeSymlink(folder + "/kept", folder + "/tree/deep/link"), IsOk());
  ASSERT_THAT(kernel().MakeSymlink("tree", folder + "/alias"), IsOk());

  EXPECT_THAT(kernel().RemoveTree(folder + "/tree"), IsOk());
  EXPECT_THAT(kernel().ListDirectory(folder + "/tree"), FailsWith(absl::StatusCode::kNotFound));
  EXPECT_THAT(kernel().RemoveTree(folder + "/tree"), FailsWith(absl::StatusCode::kNotFound));
  EXPECT_THAT(kernel().RemoveTree(folder + "/none/tree"), FailsWith(absl::StatusCode::kNotFound));
  EXPECT_THAT(kernel().RemoveTree(folder + "/alias"), IsOk());
  Watch(kQuiet);
  auto left = kernel().ListDirectory(folder);
  ASSERT_THAT(left, IsOk());
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->at(0).name, "kept");
  EXPECT_THAT(kernel().ListDirectory(folder + "/kept"), IsOkAndHolds(::testing::SizeIs(1)));
}

}  // namespace socketd::sim
