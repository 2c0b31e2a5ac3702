#include "server/main/boot.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/server/api/fake_engine.h"

namespace socketd {
namespace {

using socketd::testing::FakeEngine;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Folders final : public UnitFiles {
 public:
  absl::StatusOr<std::string> Read(const std::string&) override { return absl::NotFoundError(""); }
  std::string StampOf(const std::string&) override { return ""; }
  absl::StatusOr<std::vector<Entry>> List(const std::string& directory) override {
    const auto found = folders.find(directory);
    if (found == folders.end()) return absl::NotFoundError("");
    return found->second;
  }
  std::map<std::string, std::vector<Entry>> folders;
};

UnitFiles::Entry Link(const std::string& name) {
  return {name, false, true, "../" + name};
}

TEST(BootTest, WhatTheTargetsWantIsStartedOnce) {
  Folders files;
  files.folders["/a/sockets.target.wants"] = {Link("web.socket"), Link("README"),
                                              Link("x@.socket")};
  files.folders["/b/sockets.target.wants"] = {Link("web.socket"), Link("x@1.socket")};
  files.folders["/b/default.target.requires"] = {Link("db.service")};
  files.folders["/b/other.target.wants"] = {Link("no.service")};
  EXPECT_THAT(WantedAtBoot(files, {"/a", "/b"}),
              ElementsAre("db.service", "web.socket", "x@1.socket"));
  EXPECT_THAT(WantedAtBoot(files, {"/c"}), IsEmpty());
}

TEST(BootTest, SocketsAreWaitedForAndServicesAreNot) {
  FakeEngine engine;
  engine.hold = true;
  bool done = false;
  StartUnits(engine, {"db.service", "web.socket"}, [&done] { done = true; });
  EXPECT_THAT(engine.Asked(), ElementsAre("start db.service by socketd, at its start no_wait",
                                          "start web.socket by socketd, at its start"));
  EXPECT_FALSE(done);
  engine.Release();
  EXPECT_TRUE(done);
}

TEST(BootTest, FailuresAndNothingToDoAreAnEndToo) {
  FakeEngine engine;
  engine.outcome = absl::InternalError("no");
  int done = 0;
  StartUnits(engine, {"web.socket"}, [&done] { ++done; });
  StartUnits(engine, {}, [&done] { ++done; });
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace socketd
