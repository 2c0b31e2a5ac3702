// Any bytes as the request of any call, over gRPC and into a real engine in a simulated world, from
// an operator: each is answered, and whatever could be read is granted or refused with a reason.
//
// An input is one byte that picks the method, and the request.
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/api/api_server.h"
#include "server/base/check.h"
#include "tests/sim/outside_view.h"
#include "tests/sim/world.h"

namespace socketd {
namespace {

using google::protobuf::MethodDescriptor;

constexpr uint32_t kDaemonUid = 1000;

class Closer final : public FdOwner {
 public:
  void Close(int number) override { ::close(number); }
};

const MethodDescriptor& MethodAt(uint8_t number) {
  const auto* const service =
      v1::GetServerRequest::descriptor()->file()->FindServiceByName("UnitService");
  return *service->method(number % service->method_count());
}

bool IsReadable(const MethodDescriptor& method, const std::string& request) {
  auto* const factory = google::protobuf::MessageFactory::generated_factory();
  const std::unique_ptr<google::protobuf::Message> message(
      factory->GetPrototype(method.input_type())->New());
  return message->ParseFromString(request);
}

bool HasReason(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details())) return false;
  for (const google::protobuf::Any& detail : details.details())
    if (detail.UnpackTo(&info)) return !info.reason().empty();
  return false;
}

// One call from its begin to its end; its steps are the tags.
class Call {
 public:
  Call(const std::shared_ptr<grpc::Channel>& channel,
       const MethodDescriptor& method,
       const std::string& request)
      : stub_(channel), streams_(method.server_streaming()) {
    const grpc::Slice slice(request);
    request_ = grpc::ByteBuffer(&slice, 1);
    const std::string path = absl::StrCat("/", method.service()->full_name(), "/", method.name());
    call_ = stub_.PrepareCall(&context_, path, &queue_);
    call_->StartCall(Tag(kStarted));
  }
  ~Call() {
    queue_.Shutdown();
    for (void* tag = nullptr; queue_.Next(&tag, &ok_);)
      continue;
  }
  // Goes on for a moment; true when it has ended.
  bool GoOn() {
    void* tag = nullptr;
    const gpr_timespec moment =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(500, GPR_TIMESPAN));
    if (queue_.AsyncNext(&tag, &ok_, moment) != grpc::CompletionQueue::GOT_EVENT) return false;
    return Take(static_cast<Step>(reinterpret_cast<uintptr_t>(tag)));
  }
  const grpc::Status& status() const { return status_; }

 private:
  enum Step : uintptr_t { kStarted, kSaid, kHeard, kEnded };
  static void* Tag(Step step) { return reinterpret_cast<void*>(static_cast<uintptr_t>(step)); }

  bool Take(Step step) {
    switch (step) {
      case kStarted:
        call_->WriteLast(request_, grpc::WriteOptions(), Tag(kSaid));
        return false;
      case kSaid:
        call_->Read(&answer_, Tag(kHeard));
        return false;
      case kHeard:
        if (streams_) context_.TryCancel();  // it would go on for ever
        call_->Finish(&status_, Tag(kEnded));
        return false;
      case kEnded:
        return true;
    }
    return true;
  }

  grpc::GenericStub stub_;
  const bool streams_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
  bool ok_ = false;
};

void AddUnits(sim::World& world) {
  world.AddUnit("web.socket", "[Socket]\nListenStream=127.0.0.1:80\n");
  world.AddUnit("web.service", "[Service]\nExecStart=/bin/hangs\nExecReload=/bin/step\n");
  world.AddProgram("/bin/hangs", "hangs");
  world.AddProgram("/bin/step", "exits 0 after 1s");
}

void Ask(sim::World& world, const MethodDescriptor& method, const std::string& request) {
  Closer closer;
  const auto api = *ApiServer::Start(world.engine().handle(),
                                     {kDaemonUid, std::make_shared<const v1::GetServerResponse>()});
  int ends[2] = {-1, -1};
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  CHECK(api->Adopt(Fd(closer, ends[0]), {.uid = 0}).ok());
  Call call(grpc::CreateInsecureChannelFromFd("socketd", ends[1]), method, request);
  constexpr int kMostRounds = 20000;  // 10 s, and as many minutes of the world's
  int rounds = 0;
  for (; rounds < kMostRounds && !call.GoOn(); ++rounds)
    world.Advance(absl::Minutes(1));
  CHECK(rounds < kMostRounds);
  const bool cut = method.server_streaming() && call.status().error_code() == grpc::CANCELLED;
  CHECK(call.status().ok() || cut || HasReason(call.status()) || !IsReadable(method, request));
}

}  // namespace
}  // namespace socketd

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string request(reinterpret_cast<const char*>(data + 1), size - 1);
  socketd::sim::World world;
  socketd::AddUnits(world);
  world.Boot();
  socketd::Ask(world, socketd::MethodAt(data[0]), request);
  CHECK(world.ShutDown(absl::Hours(24)));
  CHECK(socketd::sim::LookAtTheEnd(world).empty() && world.complaints().empty());
  return 0;
}
