#include "server/api/api_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "server/api/gate.h"
#include "server/api/limits.h"
#include "server/api/outbox.h"
#include "server/api/unit_service.h"
#include "server/api/watch_call.h"
#include "server/base/errors.h"
#include "server/base/log.h"

#include "grpc/health/v1/health.pb.h"

namespace socketd {
namespace {

// What gRPC says of itself is for whoever looks for its mistakes; failures of calls are told to the
// caller.
void LogForGrpc(gpr_log_func_args* args) {
  const Level level = args->severity == GPR_LOG_SEVERITY_ERROR ? Level::kWarning : Level::kDebug;
  Log(level, "grpc.message", {{"text", args->message}});
}

// Process-wide, and before any builder.
void PrepareGrpc() {
  // Never given back: gRPC's end at exit can wait ten seconds for a poller of its own.
  grpc_init();
  gpr_set_log_function(&LogForGrpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  // gRPC serves health without its descriptor; reflection can only tell of what is linked in.
  grpc::health::v1::HealthCheckRequest::descriptor();
}

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMessageBytesLimit);
  builder.SetMaxSendMessageSize(kMessageBytesLimit);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesLimit);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionLimit);
  // A watcher that does not read is held at its own pace, and not after megabytes.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamLookaheadBytes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(EngineHandle& engine, Options options) {
  std::unique_ptr<ApiServer> server(new ApiServer(engine, std::move(options)));
  if (absl::Status status = server->Build(); !status.ok()) return status;
  return server;
}

ApiServer::ApiServer(EngineHandle& engine, Options options)
    : engine_(engine),
      options_(std::move(options)),
      about_(options_.about),
      watchers_(std::make_unique<Watchers>(kWatchersLimit)),
      outbox_(std::make_shared<Outbox>([watchers = watchers_.get()] { watchers->Pump(); })) {}

ApiServer::~ApiServer() {
  Stop(absl::ZeroDuration());
}

absl::Status ApiServer::Build() {
  PrepareGrpc();
  service_ = std::make_unique<UnitService>(
      UnitService::Wiring{engine_, outbox_, *watchers_, about_, options_.upgrader});
  grpc::ServerBuilder builder;
  SetLimits(builder);
  builder.RegisterService(service_.get());
  gate_ = std::make_unique<Gate>(builder, kUidSlots, options_.daemon_uid);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr)
    return Error(absl::StatusCode::kInternal, "GRPC_FAILED", "the gRPC server does not start");
  // The server as a whole is known to health by itself, a service has to be named.
  server_->GetHealthCheckService()->SetServingStatus(v1::UnitService::service_full_name(), true);
  // The engine may publish after the server has gone. Without a watcher no thread is woken; one
  // that comes now looks into the history before it waits.
  return engine_.OnPublished([outbox = outbox_, watchers = watchers_] {
    if (watchers->size() > 0) outbox->Wake();
  });
}

absl::Status ApiServer::Adopt(Fd connection, const Caller& caller) {
  if (stopping_) return ShuttingDown();
  const absl::StatusOr<size_t> slot = gate_->SlotOf(caller);
  if (!slot.ok()) return slot.status();
  if (adoptions_ >= kAdoptionsLimit) {
    return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS",
                 "connections come faster than gRPC takes them");
  }
  ++adoptions_;
  // A closure can be copied, a descriptor cannot.
  auto shared = std::make_shared<Fd>(std::move(connection));
  outbox_->Post([this, shared, slot = *slot, transport = caller.transport] {
    --adoptions_;
    gate_->HandOver(slot, transport, shared->Release());
  });
  return absl::OkStatus();
}

void ApiServer::SayStopping() {
  outbox_->Post([this] { server_->GetHealthCheckService()->SetServingStatus(false); });
}

void ApiServer::Stop(absl::Duration grace) {
  if (server_ == nullptr || stopping_.exchange(true)) return;
  server_->GetHealthCheckService()->Shutdown();
  watchers_->Close();
  watchers_->AwaitNone(grace);
  service_->AwaitCalls(grace);
  // At once: gRPC would wait for idle connections too, whose clients may not be listening.
  server_->Shutdown(gpr_time_0(GPR_TIMESPAN));
  outbox_->Close();
}

}  // namespace socketd
