// socketd.v1.UnitService: one short method per RPC. Reads are answered at once from the board;
// writes, DumpUnit and GetUnit in the full view are posted to the engine and answered by the
// outbox. Runs on gRPC's threads and holds no unit.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"

#include "proto/socketd/v1/unit_service.grpc.pb.h"
#include "server/api/about.h"
#include "server/api/access.h"
#include "server/api/outbox.h"
#include "server/api/request_ids.h"
#include "server/api/unary_call.h"
#include "server/api/upgrader.h"
#include "server/api/watch_call.h"
#include "server/engine/engine_handle.h"

namespace socketd {

class UnitService final : public v1::UnitService::CallbackService {
 public:
  struct Wiring {
    EngineHandle& engine;
    std::shared_ptr<Outbox> outbox;
    Watchers& watchers;
    const About& about;
    Upgrader* upgrader = nullptr;  // null: there are no upgrades
  };
  explicit UnitService(const Wiring& wiring);

  // Until no call waits for the engine any more, at most so long.
  void AwaitCalls(absl::Duration patience) { calls_.AwaitNone(patience); }

 private:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // ---- reads ----
  Reactor* GetUnit(Context*, const v1::GetUnitRequest*, v1::Unit*) override;
  Reactor* ListUnits(Context*, const v1::ListUnitsRequest*, v1::ListUnitsResponse*) override;
  Reactor* VerifyUnit(Context*, const v1::VerifyUnitRequest*, v1::VerifyUnitResponse*) override;
  Reactor* GetServer(Context*, const v1::GetServerRequest*, v1::GetServerResponse*) override;
  Reactor* PlanUnits(Context*, const v1::PlanUnitsRequest*, v1::PlanUnitsResponse*) override;
  Reactor* DumpUnit(Context*, const v1::DumpUnitRequest*, v1::DumpUnitResponse*) override;
  grpc::ServerWriteReactor<v1::WatchUnitsResponse>* WatchUnits(
      Context*, const v1::WatchUnitsRequest*) override;

  // ---- the daemon's program (server_calls.cc) ----
  Reactor* UpgradeServer(Context*,
                         const v1::UpgradeServerRequest*,
                         v1::UpgradeServerResponse*) override;
  void Fill(v1::GetServerResponse& response) const;
  std::shared_ptr<v1::GetServerResponse> AboutServer() const;

  // ---- writes ----
  Reactor* CreateUnit(Context*, const v1::CreateUnitRequest*, v1::Unit*) override;
  Reactor* UpdateUnit(Context*, const v1::UpdateUnitRequest*, v1::UpdateUnitResponse*) override;
  Reactor* ApplyUnits(Context*, const v1::ApplyUnitsRequest*, v1::ApplyUnitsResponse*) override;
  Reactor* DeleteUnit(Context*, const v1::DeleteUnitRequest*, v1::DeleteUnitResponse*) override;
  Reactor* StartUnit(Context*, const v1::StartUnitRequest*, v1::StartUnitResponse*) override;
  Reactor* StopUnit(Context*, const v1::StopUnitRequest*, v1::StopUnitResponse*) override;
  Reactor* RestartUnit(Context*, const v1::RestartUnitRequest*, v1::RestartUnitResponse*) override;
  Reactor* ReloadUnit(Context*, const v1::ReloadUnitRequest*, v1::ReloadUnitResponse*) override;
  Reactor* CleanUnit(Context*, const v1::CleanUnitRequest*, v1::CleanUnitResponse*) override;
  Reactor* PauseUnit(Context*, const v1::PauseUnitRequest*, v1::PauseUnitResponse*) override;
  Reactor* ResumeUnit(Context*, const v1::ResumeUnitRequest*, v1::ResumeUnitResponse*) override;
  Reactor* ResetFailed(Context*, const v1::ResetFailedRequest*, v1::ResetFailedResponse*) override;
  Reactor* LoadUnits(Context*, const v1::LoadUnitsRequest*, v1::LoadUnitsResponse*) override;

  // Called on the outbox thread, once, with what the call comes to.
  using Settle = std::function<void(const Reply&)>;

  // A call that waits for the engine: its caller, and what its request_id is compared by.
  struct Write {
    Context* context = nullptr;
    google::protobuf::Message* response = nullptr;
    std::string request_id;  // empty: none
    std::string content;
    std::function<void()> done{};  // the answer is out, or nobody is there for it; gRPC's threads
  };
  template <typename Request>
  static Write WriteOf(Context* context,
                       const Request& request,
                       google::protobuf::Message* response);
  // Makes the call and runs `submit`, or lets it wait for the same write that is under way.
  Reactor* Run(const Write& write, const std::function<void(Settle)>& submit);

  // Turns an engine's answer into a reply on the outbox thread: `convert` makes the message.
  template <typename T, typename Convert>
  Answer<T> Answering(Settle settle, Convert convert);
  template <typename Response, typename Request>
  Reactor* RunJob(Context* context, const Request& request, Response* response, JobKind kind);
  template <typename Response, typename Request>
  Reactor* RunPause(Context* context, const Request& request, Response* response, bool resume);

  EngineHandle& engine_;
  // Shared with answers that the engine may give after the server has gone.
  const std::shared_ptr<Outbox> outbox_;
  Watchers& watchers_;
  const About& about_;
  Upgrader* const upgrader_;
  CallCount calls_;
  RequestIds request_ids_;
};

}  // namespace socketd
