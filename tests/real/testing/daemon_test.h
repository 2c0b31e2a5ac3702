// The fixture of tests with a real daemon: folders, the daemon in them, a client of its API. A test
// writes its units, then calls Begin(). Needs root, because services change their user and get
// control groups; without it the test is skipped and says so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "tests/real/testing/api_client.h"
#include "tests/real/testing/daemon_process.h"
#include "tests/real/testing/place.h"

namespace socketd::real {

class DaemonTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Starts the daemon; the test has failed if that does not work.
  void Begin(const DaemonOptions& options = {});

  ApiClient& client() { return *client_; }
  DaemonProcess& daemon() { return daemon_; }
  const Place& place() const { return place_; }

 private:
  Place place_;
  DaemonProcess daemon_{place_};
  std::optional<ApiClient> client_;
};

// Options for a daemon that has a /run of its own, so that units with fixed paths there do not meet
// those of the machine. Clients reach it through Inside().
DaemonOptions WithOwnRun();
// The words that run a program where the process `pid` is.
std::vector<std::string> Inside(int pid, std::vector<std::string> argv);
// The words that run a program as the user and group of that number; nobody is 65534.
std::vector<std::string> AsUser(const std::string& id, std::vector<std::string> argv);
std::vector<std::string> AsNobody(std::vector<std::string> argv);

bool Installed(const std::string& path);

}  // namespace socketd::real
