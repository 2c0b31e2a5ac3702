#include "server/unit/grammar_name.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using testing::FailsBecause;
using testing::IsOk;

constexpr Stage kNow = Stage::kExpanded;

TEST(Name, PathsAreAbsoluteAndStayBelow) {
  EXPECT_THAT(CheckPath("/run/x y", kNow), IsOk());
  for (const char* bad : {"", "run", "/a/../b", "%t/x"})
    EXPECT_THAT(CheckPath(bad, kNow), FailsBecause("BAD_VALUE")) << bad;
  EXPECT_THAT(CheckPath("/" + std::string(4095, 'x'), kNow), FailsBecause("BAD_VALUE"));
  EXPECT_THAT(CheckPath("%t/x", Stage::kWritten), IsOk());
  for (const char* good : {"/run/x.pid", "x.pid", "x/y.pid"})
    EXPECT_THAT(CheckRuntimePath(good, kNow), IsOk()) << good;
  for (const char* bad : {"", ".", "../x.pid", "/run/../x", "x/../y"})
    EXPECT_THAT(CheckRuntimePath(bad, kNow), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Name, PathsAreCleaned) {
  EXPECT_EQ(CleanPath("//a/./b//"), "/a/b");
  EXPECT_EQ(CleanPath("a//b/"), "a/b");
  EXPECT_EQ(CleanPath("/"), "/");
  EXPECT_EQ(RewriteVarRun("/var/run/x"), "/run/x");
  EXPECT_EQ(RewriteVarRun("/var/run"), "/run");
  EXPECT_EQ(RewriteVarRun("/var/runner"), "/var/runner");
}

TEST(Name, DirectoriesAreRelative) {
  EXPECT_THAT(CheckDirectoryName("a/b", kNow), IsOk());
  for (const char* bad : {"", "/a", "../a", "a/..", ".", "a:b"})
    EXPECT_THAT(CheckDirectoryName(bad, kNow), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Name, UsersAreNamesOrNumbers) {
  for (const char* good : {"root", "_chrony", "libvirt-qemu", "0", "65534", "4294967294", "a.b"})
    EXPECT_THAT(CheckUser(good, kNow), IsOk()) << good;
  for (const char* bad : {"", "a b", "a:b", "a/b", "-a", "65535", "4294967295", "99999999999",
                          "x234567890123456789012345678901234"}) {
    EXPECT_THAT(CheckUser(bad, kNow), FailsBecause("BAD_VALUE")) << bad;
  }
}

TEST(Name, DescriptorNamesKeepTheListReadable) {
  EXPECT_THAT(CheckFdName("web-1 x", kNow), IsOk());
  for (const std::string& bad : {std::string(), std::string("a:b"), std::string("a\tb"),
                                 std::string("\xC3\xA4"), std::string(256, 'x')}) {
    EXPECT_THAT(CheckFdName(bad, kNow), FailsBecause("BAD_VALUE")) << bad;
  }
}

TEST(Name, InterfacesAreShort) {
  EXPECT_THAT(CheckInterface("enp0s31f6"), IsOk());
  for (const char* bad : {"", "a/b", "a b", "a:1", ".", "..", "x234567890123456"})
    EXPECT_THAT(CheckInterface(bad), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Name, VariablesAreAssigned) {
  EXPECT_THAT(CheckEnvironmentEntry("A_1=b=c", kNow), IsOk());
  EXPECT_THAT(CheckEnvironmentEntry("A=", kNow), IsOk());
  for (const char* bad : {"", "A", "=x", "1A=x", "A-B=x", "A B=x"})
    EXPECT_THAT(CheckEnvironmentEntry(bad, kNow), FailsBecause("BAD_VALUE")) << bad;
  EXPECT_THAT(CheckEnvironmentEntry("%i=x", Stage::kWritten), IsOk());
  EXPECT_THAT(CheckEnvironmentEntry("A=%i", kNow), IsOk());
}

TEST(Name, UnitsHaveASuffix) {
  EXPECT_THAT(CheckUnitName("web@.service", kNow), IsOk());
  EXPECT_THAT(CheckUnitName("web", kNow), FailsBecause("BAD_VALUE"));
  EXPECT_THAT(CheckUnitName("web@%i.service", kNow), FailsBecause("BAD_VALUE"));
  EXPECT_THAT(CheckUnitName("web@%i.service", Stage::kWritten), IsOk());
}

}  // namespace
}  // namespace socketd
