// The fake daemon's calls that are about the daemon itself.
#include <mutex>

#include "tests/cli/fake_daemon.h"
#include "tests/cli/fake_failures.h"

namespace socketd::cli {
namespace {

constexpr std::int32_t kGapMicroseconds = 83'400;

}  // namespace

grpc::Status FakeDaemon::GetServer(Context* /*context*/,
                                   const v1::GetServerRequest* request,
                                   v1::GetServerResponse* response) {
  if (busy > 0 && --busy == 0) return FakeError(grpc::StatusCode::UNAVAILABLE, "", "not now");
  if (request->after_life() > 0 && gone > 0) {
    --gone;
    return {grpc::StatusCode::UNAVAILABLE, "Socket closed"};
  }
  response->set_version("0.1.0");
  response->set_pid(100);
  response->mutable_started()->set_seconds(started);
  response->set_revision(kRevision);
  response->set_first_revision(first_revision);
  response->set_units(6);
  response->add_unit_paths("/etc/socketd/units");
  response->add_unit_paths("/run/socketd/units");
  auto& works = *response->add_capabilities();
  works.set_name("clone-into-cgroup");
  works.set_available(true);
  auto& lacks = *response->add_capabilities();
  lacks.set_name("pidfd-id");
  lacks.set_detail("Linux 6.8 has none; process ids are compared");
  if (request->after_life() > 0) Describe(*response);
  return grpc::Status::OK;
}

// The program "/opt/late" is not ready in time.
void FakeDaemon::Describe(v1::GetServerResponse& response) {
  v1::GetServerResponse::Upgrade& upgrade = *response.mutable_upgrade();
  upgrade.set_from_version("0.1.0");
  upgrade.set_to_version("0.2.0");
  upgrade.set_program(program_);
  upgrade.set_done(program_ != "/opt/late");
  upgrade.mutable_gap()->set_nanos(kGapMicroseconds * 1000);
  if (upgrade.done())
    response.set_version("0.2.0");
  else
    upgrade.set_error("the new daemon was not ready within 10000 ms");
}

grpc::Status FakeDaemon::UpgradeServer(Context* /*context*/,
                                       const v1::UpgradeServerRequest* request,
                                       v1::UpgradeServerResponse* response) {
  if (grpc::Status noted = Note(request->request_id()); !noted.ok()) return noted;
  if (request->program() == "/bin/true") {
    return FakeError(grpc::StatusCode::FAILED_PRECONDITION, "PROGRAM_UNFIT",
                     "/bin/true is no socketd that can take over; this one goes on",
                     {{"program", "/bin/true"}});
  }
  const std::lock_guard lock(mutex_);
  program_ = request->program().empty() ? "/usr/bin/socketd" : request->program();
  response->set_program(program_);
  response->set_version("0.2.0");
  response->set_life(1);
  return grpc::Status::OK;
}

}  // namespace socketd::cli
