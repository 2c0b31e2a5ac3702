// Asks a daemon for an upgrade, as socketctl daemon-upgrade does. Every call is bounded by 60 s.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "socketd/v1/unit_service.pb.h"

namespace socketd::real {

class UpgradeClient {
 public:
  explicit UpgradeClient(const std::string& address);
  ~UpgradeClient();

  v1::GetServerResponse Server();
  // Only asks; the answer comes before anything happens.
  absl::StatusOr<v1::UpgradeServerResponse> Begin(const std::string& program,
                                                  absl::Duration limit = absl::Seconds(10));
  // Whoever serves after that life.
  absl::StatusOr<v1::GetServerResponse> After(int life);
  // Both: how it went.
  absl::StatusOr<v1::GetServerResponse> Upgrade(const std::string& program,
                                                absl::Duration limit = absl::Seconds(10));

 private:
  struct Channel;
  std::unique_ptr<Channel> channel_;
};

}  // namespace socketd::real
