#include "tests/real/keeper/follower.h"

#include <chrono>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"

#include "socketd/v1/unit_service.grpc.pb.h"

namespace socketd::real {
namespace {

constexpr size_t kMostComplaints = 10;

}  // namespace

struct Follower::Stub {
  std::unique_ptr<v1::UnitService::Stub> stub;
};

Follower::Follower(const std::string& address)
    : thread_([this, address] {
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 5);
        arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5);
        arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 20);
        Stub stub{v1::UnitService::NewStub(
            grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments))};
        while (!over_)
          Follow(stub);
      }) {}

Follower::~Follower() {
  over_ = true;
  {
    const std::lock_guard lock(mutex_);
    if (auto* context = static_cast<grpc::ClientContext*>(context_.load())) context->TryCancel();
  }
  thread_.join();
}

void Follower::Follow(Stub& stub) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  {
    const std::lock_guard lock(mutex_);
    context_ = &context;
  }
  v1::WatchUnitsRequest request;
  request.set_start_revision(revision_ + 1);
  const auto reader = stub.stub->WatchUnits(&context, request);
  v1::WatchUnitsResponse response;
  while (reader->Read(&response)) {
    if (!response.has_change()) continue;
    const v1::Change& change = response.change();
    const std::lock_guard lock(mutex_);
    const auto last = seen_.find(change.unit());
    const bool known = last != seen_.end() && !last->second.empty() && !change.from().empty();
    const bool follows = !known || last->second == change.from();
    if ((response.revision() != revision_ + 1 || !follows) &&
        complaints_.size() < kMostComplaints) {
      complaints_.push_back(
          absl::StrCat("revision ", response.revision(), " after ", revision_.load(), ": ",
                       change.unit(), " ", change.from(), " -> ", change.to(),
                       last == seen_.end() ? "" : absl::StrCat(", which was ", last->second),
                       " because ", change.cause().detail()));
    }
    const bool forgotten = absl::StrContains(change.cause().detail(), "nobody");
    if (forgotten && complaints_.size() < kMostComplaints)
      complaints_.push_back(absl::StrCat(change.unit(), ": ", change.cause().detail()));
    seen_[change.unit()] = change.to();
    revision_ = response.revision();
  }
  const grpc::Status status = reader->Finish();
  const std::lock_guard lock(mutex_);
  context_ = nullptr;
  ++breaks_;
  const bool broke = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                     status.error_code() == grpc::StatusCode::CANCELLED;
  if (!broke && complaints_.size() < kMostComplaints)
    complaints_.push_back(absl::StrCat("the watch ended: ", status.error_message()));
}

bool Follower::Reach(int64_t revision) {
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (revision_ < revision && absl::Now() < end)
    std::this_thread::yield();
  return revision_ >= revision;
}

std::vector<std::string> Follower::complaints() const {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

}  // namespace socketd::real
