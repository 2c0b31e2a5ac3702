#include "tests/real/testing/daemon_test.h"

#include <unistd.h>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace socketd::real {
namespace {

std::vector<std::string> Joined(std::vector<std::string> words, std::vector<std::string> more) {
  for (std::string& word : more)
    words.push_back(std::move(word));
  return words;
}

}  // namespace

void DaemonTest::SetUp() {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: services change their user";
}

void DaemonTest::TearDown() {
  if (HasFailure()) std::cerr << "the daemon's log:\n" << daemon_.Log();
}

void DaemonTest::Begin(const DaemonOptions& options) {
  const absl::Status started = daemon_.Start(options);
  ASSERT_TRUE(started.ok()) << started;
  client_.emplace(daemon_.api_address());
}

DaemonOptions WithOwnRun() {
  DaemonOptions options;
  options.wrapper = {"/usr/bin/unshare",
                     "--mount",
                     "/bin/sh",
                     "-c",
                     "mount -t tmpfs -o mode=755 tmpfs /run && exec \"$@\"",
                     "own-run"};
  return options;
}

std::vector<std::string> Inside(int pid, std::vector<std::string> argv) {
  return Joined({"/usr/bin/nsenter", "--target", std::to_string(pid), "--mount"}, std::move(argv));
}

std::vector<std::string> AsUser(const std::string& id, std::vector<std::string> argv) {
  return Joined({"/usr/bin/setpriv", "--reuid=" + id, "--regid=" + id, "--clear-groups"},
                std::move(argv));
}

std::vector<std::string> AsNobody(std::vector<std::string> argv) {
  return AsUser("65534", std::move(argv));
}

bool Installed(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

}  // namespace socketd::real
