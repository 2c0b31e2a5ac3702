#include "server/api/gate.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <mutex>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/api/status.h"
#include "server/base/check.h"
#include "server/base/errors.h"

namespace socketd {
namespace {

constexpr char kUidProperty[] = "socketd_uid";

// Runs before the handler of each call of one slot.
class Doorkeeper final : public grpc::AuthMetadataProcessor {
 public:
  explicit Doorkeeper(uint32_t daemon_uid) : daemon_uid_(daemon_uid) {}

  void Stamp(uint32_t uid) { uid_ = uid; }

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata,
                       grpc::AuthContext* context,
                       OutputMetadata* /*consumed*/,
                       OutputMetadata* /*response*/) override {
    const uint32_t uid = uid_;
    // The context is the connection's: a property is added once, not with each call. Calls of one
    // connection come on several threads.
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (context->FindPropertyValues(kUidProperty).empty())
        context->AddProperty(kUidProperty, absl::StrCat(uid));
    }
    const auto path = metadata.find(":path");
    if (path == metadata.end()) return {grpc::StatusCode::PERMISSION_DENIED, "a call has no path"};
    return ToGrpc(CheckAccess(uid, daemon_uid_, {path->second.data(), path->second.size()}));
  }

 private:
  const uint32_t daemon_uid_;
  std::atomic<uint32_t> uid_{kNobodyUid};
  std::mutex mutex_;
};

using Acceptor = std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor>;

Acceptor AddAcceptor(grpc::ServerBuilder& builder,
                     grpc_local_connect_type type,
                     const std::shared_ptr<Doorkeeper>& doorkeeper) {
  const auto credentials = grpc::experimental::LocalServerCredentials(type);
  credentials->SetAuthMetadataProcessor(doorkeeper);
  return builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
}

}  // namespace

struct Gate::Slot {
  uint32_t uid = kNobodyUid;
  std::shared_ptr<Doorkeeper> doorkeeper;
  Acceptor unix_acceptor;
  Acceptor tcp_acceptor;
};

Gate::Gate(grpc::ServerBuilder& builder, size_t slots, uint32_t daemon_uid) {
  CHECK(slots >= 2);
  for (size_t i = 0; i < slots; ++i) {
    auto slot = std::make_unique<Slot>();
    slot->doorkeeper = std::make_shared<Doorkeeper>(daemon_uid);
    slot->unix_acceptor = AddAcceptor(builder, UDS, slot->doorkeeper);
    slot->tcp_acceptor = AddAcceptor(builder, LOCAL_TCP, slot->doorkeeper);
    slots_.push_back(std::move(slot));
  }
  // Strangers who come first must not take the operators' places.
  const absl::StatusOr<size_t> root = SlotOf(Caller{.uid = 0});
  const absl::StatusOr<size_t> own = SlotOf(Caller{.uid = daemon_uid});
  CHECK(root.ok() && (own.ok() || daemon_uid == kNobodyUid));
}

Gate::~Gate() = default;

absl::StatusOr<size_t> Gate::SlotOf(const Caller& caller) {
  if (caller.uid == kNobodyUid) {
    return Error(absl::StatusCode::kPermissionDenied, "CALLER_UNKNOWN",
                 "the kernel does not say which user is calling");
  }
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < used_; ++i)
    if (slots_[i]->uid == caller.uid) return i;
  if (used_ == slots_.size()) {
    return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_USERS",
                 absl::StrCat("all ", slots_.size(), " places for users are taken"),
                 {{"caller", ToText(caller)}});
  }
  Slot& slot = *slots_[used_];
  slot.uid = caller.uid;
  slot.doorkeeper->Stamp(caller.uid);
  return used_++;
}

void Gate::HandOver(size_t slot, Caller::Transport transport, int connection) {
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.fd = connection;
  const Slot& taken = *slots_[slot];
  const bool is_unix = transport == Caller::Transport::kUnix;
  (is_unix ? taken.unix_acceptor : taken.tcp_acceptor)->HandleNewConnection(&parameters);
}

Caller CallerOf(const grpc::CallbackServerContext& context) {
  Caller caller;
  const std::shared_ptr<const grpc::AuthContext> identity = context.auth_context();
  if (identity == nullptr) return caller;
  const std::vector<grpc::string_ref> uids = identity->FindPropertyValues(kUidProperty);
  uint32_t uid = 0;
  if (uids.size() == 1 && absl::SimpleAtoi({uids[0].data(), uids[0].size()}, &uid))
    caller.uid = uid;
  return caller;
}

}  // namespace socketd
