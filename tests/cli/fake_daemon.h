// A daemon for the tests of socketctl: the real API on a real Unix socket, with units that are
// nothing but values. Starts and stops succeed at once, but for units whose name asks for a
// failure: denied.service, broken.service, limited.socket, slow.service (no answer until the end),
// busy.service (deletes and updates: etag mismatch), plain.service (an error without details).
//
// The test's thread creates and stops it; gRPC's threads serve. What it recorded may be read
// between calls.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"

#include "tests/cli/fake_failures.h"

#include "socketd/v1/unit_service.grpc.pb.h"

namespace socketd::cli {

// What one watch sends, and how it ends.
struct WatchScript {
  std::vector<v1::WatchUnitsResponse> messages;
  grpc::Status end;
};

inline constexpr std::int64_t kRevision = 42;

class FakeDaemon final : public v1::UnitService::Service {
 public:
  // Serves on `path`, a socket that does not exist yet.
  explicit FakeDaemon(const std::string& path);
  ~FakeDaemon() override;
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  // Blocks a call until the daemon is stopped.
  void BlockUntilTheEnd() const { end_.wait(); }

  // Watches get these in turn; when none is left: the units, then three moves of web.socket.
  std::deque<WatchScript> watches;
  // Called after a watch has ended, before its status is sent.
  std::function<void()> on_watch_end;

  std::int64_t started = 1795262400;  // Unix seconds; noon of the day of these tests
  std::int64_t first_revision = 1;
  int gone = 0;  // so many calls of GetServer that wait for a later life find nobody
  int busy = 0;  // so many calls of GetServer later, one finds nobody

  std::vector<std::int64_t> watch_starts;  // start_revision of each watch
  std::vector<std::string> calls;          // "StartUnit web.socket"
  std::set<std::string> request_ids;       // of all writes
  v1::CreateUnitRequest created;           // the last one

 private:
  using Context = grpc::ServerContext;
  using Writer = grpc::ServerWriter<v1::WatchUnitsResponse>;

  grpc::Status GetUnit(Context*, const v1::GetUnitRequest*, v1::Unit*) override;
  grpc::Status ListUnits(Context*, const v1::ListUnitsRequest*, v1::ListUnitsResponse*) override;
  grpc::Status CreateUnit(Context*, const v1::CreateUnitRequest*, v1::Unit*) override;
  grpc::Status UpdateUnit(Context*, const v1::UpdateUnitRequest*, v1::UpdateUnitResponse*) override;
  grpc::Status PlanUnits(Context*, const v1::PlanUnitsRequest*, v1::PlanUnitsResponse*) override;
  grpc::Status ApplyUnits(Context*, const v1::ApplyUnitsRequest*, v1::ApplyUnitsResponse*) override;
  grpc::Status DeleteUnit(Context*, const v1::DeleteUnitRequest*, v1::DeleteUnitResponse*) override;
  grpc::Status StartUnit(Context*, const v1::StartUnitRequest*, v1::StartUnitResponse*) override;
  grpc::Status StopUnit(Context*, const v1::StopUnitRequest*, v1::StopUnitResponse*) override;
  grpc::Status RestartUnit(Context*,
                           const v1::RestartUnitRequest*,
                           v1::RestartUnitResponse*) override;
  grpc::Status ReloadUnit(Context*, const v1::ReloadUnitRequest*, v1::ReloadUnitResponse*) override;
  grpc::Status CleanUnit(Context*, const v1::CleanUnitRequest*, v1::CleanUnitResponse*) override;
  grpc::Status PauseUnit(Context*, const v1::PauseUnitRequest*, v1::PauseUnitResponse*) override;
  grpc::Status ResumeUnit(Context*, const v1::ResumeUnitRequest*, v1::ResumeUnitResponse*) override;
  grpc::Status ResetFailed(Context*,
                           const v1::ResetFailedRequest*,
                           v1::ResetFailedResponse*) override;
  grpc::Status DumpUnit(Context*, const v1::DumpUnitRequest*, v1::DumpUnitResponse*) override;
  grpc::Status LoadUnits(Context*, const v1::LoadUnitsRequest*, v1::LoadUnitsResponse*) override;
  grpc::Status VerifyUnit(Context*, const v1::VerifyUnitRequest*, v1::VerifyUnitResponse*) override;
  grpc::Status WatchUnits(Context*, const v1::WatchUnitsRequest*, Writer*) override;
  grpc::Status GetServer(Context*, const v1::GetServerRequest*, v1::GetServerResponse*) override;

  grpc::Status UpgradeServer(Context*,
                             const v1::UpgradeServerRequest*,
                             v1::UpgradeServerResponse*) override;

  void Describe(v1::GetServerResponse& response);
  grpc::Status Find(const std::string& call, const std::string& name, v1::Unit& unit);
  // Moves a unit, as a job would.
  template <typename Request, typename Response>
  grpc::Status Move(const std::string& call,
                    const Request& request,
                    Response& response,
                    v1::ActiveState to);
  // What becomes of units; one of everything for web.socket.
  grpc::Status PlanFor(const google::protobuf::RepeatedPtrField<v1::UnitSource>& wanted,
                       v1::Plan& plan);
  // A write's id is noted: each has to be new.
  grpc::Status Note(const std::string& request_id);
  WatchScript NextWatch();

  std::mutex mutex_;
  std::string program_;  // of the last upgrade
  std::map<std::string, v1::Unit> units_;
  std::promise<void> ended_;
  std::shared_future<void> end_{ended_.get_future()};
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace socketd::cli
