// The daemon, as socketctl sees it: one gRPC channel, one deadline for the whole command, one
// method a verb of the API. Failures come back as absl::Status in words for people, with the
// daemon's own details kept (failure.h). Main thread only; every call blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "cli/address.h"

#include "socketd/v1/unit_service.pb.h"

namespace socketd::cli {

class Client {
 public:
  // Nothing is connected yet. `timeout` counts from now and covers all calls; InfiniteDuration:
  // none.
  Client(Address address, absl::Duration timeout);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::StatusOr<v1::Unit> Get(const std::string& name, v1::UnitView view);
  // All pages of the answer; `page_token` of the request is ignored.
  absl::StatusOr<v1::ListUnitsResponse> List(v1::ListUnitsRequest request);
  absl::StatusOr<v1::Unit> Create(v1::CreateUnitRequest request);
  absl::StatusOr<v1::UpdateUnitResponse> Update(v1::UpdateUnitRequest request);
  absl::StatusOr<v1::DeleteUnitResponse> Delete(v1::DeleteUnitRequest request);
  absl::StatusOr<v1::PlanUnitsResponse> Plan(const v1::PlanUnitsRequest& request);
  absl::StatusOr<v1::ApplyUnitsResponse> Apply(v1::ApplyUnitsRequest request);
  absl::StatusOr<v1::StartUnitResponse> Start(v1::StartUnitRequest request);
  absl::StatusOr<v1::StopUnitResponse> Stop(v1::StopUnitRequest request);
  absl::StatusOr<v1::RestartUnitResponse> Restart(v1::RestartUnitRequest request);
  absl::StatusOr<v1::ReloadUnitResponse> Reload(v1::ReloadUnitRequest request);
  absl::StatusOr<v1::CleanUnitResponse> Clean(v1::CleanUnitRequest request);
  absl::StatusOr<v1::PauseUnitResponse> Pause(v1::PauseUnitRequest request);
  absl::StatusOr<v1::ResumeUnitResponse> Resume(v1::ResumeUnitRequest request);
  absl::StatusOr<v1::ResetFailedResponse> ResetFailed(v1::ResetFailedRequest request);
  absl::StatusOr<v1::DumpUnitResponse> Dump(const v1::DumpUnitRequest& request);
  absl::StatusOr<v1::LoadUnitsResponse> Load(v1::LoadUnitsRequest request);
  absl::StatusOr<v1::VerifyUnitResponse> Verify(const v1::VerifyUnitRequest& request);
  absl::StatusOr<v1::GetServerResponse> Server();
  // Once a daemon of a later life serves. UNAVAILABLE: one went meanwhile, so ask again.
  absl::StatusOr<v1::GetServerResponse> ServerAfter(std::int32_t life);
  absl::StatusOr<v1::UpgradeServerResponse> Upgrade(v1::UpgradeServerRequest request);

  // Reads a watch until `each` returns false (OK), or until it ends by itself: the reason is the
  // status, and OK says that the daemon ended it without one.
  absl::Status Watch(const v1::WatchUnitsRequest& request,
                     const std::function<bool(const v1::WatchUnitsResponse&)>& each);

  // Waits until the daemon is connected again, at most until the deadline: then false.
  bool WaitForConnection();

  const Address& address() const;

 private:
  struct Wire;
  std::unique_ptr<Wire> wire_;
};

}  // namespace socketd::cli
