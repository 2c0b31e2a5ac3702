// The methods of UnitService that are about the daemon itself.
#include <google/protobuf/util/time_util.h>

#include <atomic>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/api/limits.h"
#include "server/api/unit_service_calls.h"
#include "server/base/errors.h"
#include "server/base/text.h"

namespace socketd {
namespace {

absl::StatusOr<UpgradeRequest> UpgradeOf(const v1::UpgradeServerRequest& request) {
  UpgradeRequest upgrade;
  upgrade.program = request.program();
  const bool path = upgrade.program.empty() || upgrade.program.front() == '/';
  if (!path || upgrade.program.size() > kPathBytesLimit ||
      upgrade.program.find('\0') != std::string::npos) {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_PROGRAM",
                 absl::StrCat("an absolute path of at most ", kPathBytesLimit, " is expected"),
                 {{"field", "program"}});
  }
  upgrade.limit = kUpgradeLimitDefault;
  if (request.has_limit())
    upgrade.limit =
        absl::Seconds(request.limit().seconds()) + absl::Nanoseconds(request.limit().nanos());
  if (upgrade.limit >= kUpgradeLimitLeast && upgrade.limit <= kUpgradeLimitMost) return upgrade;
  return Error(absl::StatusCode::kInvalidArgument, "BAD_LIMIT",
               absl::StrCat("a limit is between ", absl::FormatDuration(kUpgradeLimitLeast),
                            " and ", absl::FormatDuration(kUpgradeLimitMost)),
               {{"field", "limit"}});
}

std::shared_ptr<v1::UpgradeServerResponse> MessageOf(const UpgradeReport& report) {
  auto message = std::make_shared<v1::UpgradeServerResponse>();
  message->set_program(CleanText(report.program));
  message->set_version(CleanText(report.version));
  message->set_life(report.life);
  return message;
}

}  // namespace

void UnitService::Fill(v1::GetServerResponse& response) const {
  response = *about_.text();
  response.set_revision(engine_.history().last_revision());
  response.set_first_revision(engine_.history().first_revision());
  response.set_units(static_cast<int32_t>(engine_.board()->size()));
  if (upgrader_ != nullptr) upgrader_->Describe(response);
}

std::shared_ptr<v1::GetServerResponse> UnitService::AboutServer() const {
  auto about = std::make_shared<v1::GetServerResponse>();
  Fill(*about);
  return about;
}

UnitService::Reactor* UnitService::GetServer(Context* context,
                                             const v1::GetServerRequest* request,
                                             v1::GetServerResponse* response) {
  if (request->after_life() <= 0) {
    Fill(*response);
    return End(context, grpc::Status::OK);
  }
  if (upgrader_ == nullptr) return End(context, NoKeeper());
  const int after = request->after_life();
  return Run({context, response, "", ""}, [this, after](Settle settle) {
    upgrader_->AwaitLife(
        after, Answering<int>(std::move(settle), [this](int /*life*/) { return AboutServer(); }));
  });
}

UnitService::Reactor* UnitService::UpgradeServer(Context* context,
                                                 const v1::UpgradeServerRequest* request,
                                                 v1::UpgradeServerResponse* response) {
  if (upgrader_ == nullptr) return End(context, NoKeeper());
  absl::StatusOr<UpgradeRequest> wanted = UpgradeOf(*request);
  if (!wanted.ok()) return End(context, wanted.status());
  wanted->requester = RequesterOf(*context);
  // The call has to be over, so that whoever asked has the answer, and the answer has to be yes: in
  // any order, as who has left meanwhile does not stop it.
  const auto steps = std::make_shared<std::atomic<int>>(2);
  const auto step = [this, steps] {
    if (--*steps == 0) upgrader_->Go();
  };
  Write write = WriteOf(context, *request, response);
  write.done = step;
  return Run(write, [this, &wanted, step](Settle settle) {
    upgrader_->Check(*std::move(wanted),
                     Answering<UpgradeReport>(
                         [step, settle = std::move(settle)](const Reply& reply) {
                           settle(reply);
                           if (reply.status.ok()) step();
                         },
                         MessageOf));
  });
}

}  // namespace socketd
