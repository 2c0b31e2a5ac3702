#include "tests/real/keeper/upgradable.h"

#include <sys/prctl.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"

#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

namespace fs = std::filesystem;

std::string Runfile(const std::string& path) {
  return (fs::current_path() / path).string();
}

}  // namespace

int UpgradableTest::FreePortNow() {
  return FreePort();
}

void UpgradableTest::SetUp() {
  DaemonTest::SetUp();
  // A keeper that takes the place of a killed one is ours to wait for.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  fs::create_directories(place().root() + "/bin");
  fs::copy_file(Runfile("server/exec/socketd-exec"), place().root() + "/bin/socketd-exec");
  Install();
  const std::string limits =
      "TriggerLimitBurst=0\nPollLimitBurst=0\nMaxConnections=1000\nBacklog=4096\n";
  place().WriteUnit("web.socket", absl::StrCat("[Socket]\nListenStream=", web_[0],
                                               "\nListenStream=", web_[1], "\n", limits));
  // It is idle for a moment now and then, ends with a status of its own, and is started again.
  place().WriteUnit(
      "web.service",
      absl::StrCat("[Unit]\nStartLimitIntervalSec=0\n[Service]\n", "ExecStart=/usr/bin/python3 ",
                   Runfile("tests/real/keeper/idle_service.py"), " 1\nSuccessExitStatus=42\n"));
  place().WriteUnit("echo.socket", absl::StrCat("[Socket]\nAccept=yes\nListenStream=", echo_[0],
                                                "\nListenStream=", echo_[1], "\n", limits));
  place().WriteUnit("echo@.service", "[Service]\nStandardInput=socket\nExecStart=/bin/cat\n");
}

void UpgradableTest::BeginInstalled(const std::string& log_level) {
  DaemonOptions options;
  // The word that comes next is the program that tests start otherwise.
  options.wrapper = {"/bin/sh", "-c", absl::StrCat("shift; exec ", installed(), " \"$@\""), "sh"};
  options.more = {"--start", "web.socket", "--start", "echo.socket"};
  options.log_level = log_level;
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  upgrades_ = std::make_unique<UpgradeClient>(daemon().api_address());
}

void UpgradableTest::Install() {
  const std::string next = absl::StrCat(installed(), ".", ++installs_);
  const std::string other = absl::StrCat(place().root(), "/bin/other", installs_ % 2);
  // Two files, each of them again and again: copies take their time.
  if (!fs::exists(other)) fs::copy_file(Runfile("server/main/socketd"), other);
  fs::create_hard_link(other, next);
  fs::rename(next, installed());
}

std::string UpgradableTest::Script(const std::string& name, const std::string& text) const {
  const std::string path = place().Write(
      absl::StrCat("bin/", name), absl::StrCat("#!/bin/sh\nreal=", installed(), "\n", text, "\n"));
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

std::string UpgradableTest::FitScript(const std::string& name, const std::string& text) const {
  return Script(
      name, absl::StrCat("case \"$*\" in *--check-take-over) exec $real \"$@\";; esac\n", text));
}

std::string UpgradableTest::Spoiled(const std::string& how) const {
  return absl::StrCat("export LD_PRELOAD=", Runfile("tests/real/keeper/spoil.so"), " SPOIL=", how,
                      "\n");
}

void UpgradableTest::ExpectService() {
  for (const std::string& address : addresses())
    EXPECT_EQ(Ask(address, "who is there"), "who is there") << address;
}

}  // namespace socketd::real
