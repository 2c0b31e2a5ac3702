#include "server/main/daemon.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/api/convert.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/engine/engine.h"
#include "server/handoff/handoff_server.h"
#include "server/handoff/notify_socket.h"
#include "server/keeper/keeper.h"
#include "server/kernel/linux_kernel.h"
#include "server/loop/event_loop.h"
#include "server/main/api_wing.h"
#include "server/main/boot.h"
#include "server/main/held_above.h"
#include "server/main/kernel_files.h"
#include "server/main/supervisor.h"
#include "server/main/surroundings.h"
#include "server/main/upgrades.h"
#include "server/main/version.h"

namespace socketd {
namespace {

// How long calls may take to end by themselves when all units have stopped.
constexpr absl::Duration kGrace = absl::Seconds(2);

// In the tree of the build the executor is in a folder of its own; installed, the kernel floor
// finds it by itself.
std::string ExecutorOfBuildTree() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path beside = self.parent_path() / "socketd-exec";
  const std::filesystem::path built = self.parent_path() / "../exec/socketd-exec";
  const bool wanted =
      !std::filesystem::exists(beside, error) && std::filesystem::exists(built, error);
  return wanted ? built.lexically_normal().string() : "";
}

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

void Add(const Capability& capability, v1::GetServerResponse& about) {
  v1::GetServerResponse::Capability& message = *about.add_capabilities();
  message.set_name(capability.name);
  message.set_available(capability.available);
  message.set_detail(capability.detail);
}

// What is so as long as the daemon lives.
v1::GetServerResponse Describe(const DaemonOptions& options, const Life& life, Kernel& kernel) {
  v1::GetServerResponse about;
  about.set_version(kVersion);
  about.set_pid(getpid());
  about.set_life(life.number);
  about.set_program(CleanText(life.program));
  Convert(kernel.WallNow(), *about.mutable_started());
  for (const std::string& path : options.unit_paths)
    about.add_unit_paths(path);
  for (const Capability& capability : kernel.Capabilities())
    Add(capability, about);
  return about;
}

// `keeper` is its process id; 0: there is none.
Capability KeptBy(int keeper) {
  return {"keeper", keeper != 0,
          keeper != 0 ? absl::StrCat("process ", keeper, " starts the next daemon")
                      : "nobody starts the next daemon, or holds what is open until then"};
}

std::vector<std::string> FirstUnits(UnitFiles& files, const DaemonOptions& options) {
  return options.start.empty() ? WantedAtBoot(files, options.unit_paths) : options.start;
}

EngineOptions EngineOptionsFor(const DaemonOptions& options, UnitFiles& files, bool hold) {
  EngineOptions engine;
  engine.hold = hold;
  engine.files = &files;
  engine.unit_paths = options.unit_paths;
  engine.surroundings = GatherSurroundings(options.runtime_dir, options.state_dir);
  engine.create_path = options.create_path;
  engine.notify_path = options.runtime_dir + "/notify.sock";
  engine.environment = Environment();
  return engine;
}

}  // namespace

// From the bottom up: what comes later uses what is before it, and goes first.
struct Daemon::Parts {
  Parts(const Life& begun, std::unique_ptr<LinuxKernel> opened, const Supervisor& above)
      : life(begun),
        main_process(MainProcess(begun)),
        kernel(std::move(opened)),
        supervisor(above),
        held_above(begun, above),
        files(*kernel),
        loop(*kernel) {}

  // Its units are started, or operators can come in: the later of the two makes it ready.
  void Arrive() {
    if (--missing > 0 || stopping) return;
    engine->SayServing();
    SayReady(life);
    if (upgrades != nullptr) upgrades->OnReady();
    supervisor.Tell(absl::StrCat("READY=1\nMAINPID=", main_process));
    Log(Level::kInfo, "daemon.ready");
  }
  // 0: there is none any more.
  void OnKeeper(int keeper) {
    if (keeper == 0)
      Log(Level::kError, "daemon.unkept", {{"why", "the keeper and its heir are gone"}});
    else
      Log(Level::kWarning, "daemon.kept-by-another", {{"pid", absl::StrCat(keeper)}});
    if (keeper == 0 && upgrades != nullptr) upgrades->OnUnkept();
    main_process = keeper != 0 ? keeper : getpid();
    supervisor.Tell(absl::StrCat("MAINPID=", main_process));
    if (api != nullptr) api->SayAbout(AboutWith(keeper));
  }
  void OnBell() const {
    if (upgrades != nullptr) upgrades->OnBell();
  }
  About::Text AboutWith(int keeper) const {
    auto all = std::make_shared<v1::GetServerResponse>(about);
    Add(KeptBy(keeper), *all);
    return all;
  }

  const Life life;
  int main_process;
  std::unique_ptr<LinuxKernel> kernel;
  Supervisor supervisor;
  HeldAbove held_above;
  KernelFiles files;
  EventLoop loop;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Upgrades> upgrades;  // null: nobody keeps this daemon
  std::unique_ptr<NotifySocket> notify;
  std::unique_ptr<HandoffServer> handoff;
  v1::GetServerResponse about;  // but for who keeps it
  std::unique_ptr<ApiWing> api;
  int missing = 2;  // see Arrive
  bool stopping = false;
  bool failed = false;
};

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Daemon::~Daemon() {
  StopLog();
}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const DaemonStart& start) {
  LinuxOptions kernel_options;
  kernel_options.executor = ExecutorOfBuildTree();
  kernel_options.life = start.life;
  kernel_options.machine = start.ground.machine();
  const Supervisor supervisor(start.invocation.variable("NOTIFY_SOCKET"));
  kernel_options.deposit = HeldAbove(start.life, supervisor).Giver();
  struct Told {
    Parts* parts = nullptr;  // null: not made yet
  };
  const auto told = std::make_shared<Told>();
  kernel_options.on_keeper = [told](int keeper) {
    if (told->parts != nullptr) told->parts->OnKeeper(keeper);
  };
  kernel_options.on_bell = [told] {
    if (told->parts != nullptr) told->parts->OnBell();
  };
  absl::StatusOr<std::unique_ptr<LinuxKernel>> kernel = LinuxKernel::Open(kernel_options);
  if (!kernel.ok()) return kernel.status();
  // Signals are blocked from here on: threads may be started.
  StartLog();
  SetLogLevel(start.options.log_level);
  std::unique_ptr<Daemon> daemon(
      new Daemon(std::make_unique<Parts>(start.life, *std::move(kernel), supervisor)));
  told->parts = daemon->parts_.get();
  absl::Status built = daemon->Build(start.options);
  if (built.ok()) return daemon;
  // What it has taken over is open in its keeper's table as well, for the next one.
  if (start.life.number > 1) daemon.release();  // NOLINT(bugprone-unused-return-value)
  return built;
}

absl::Status Daemon::Build(const DaemonOptions& options) {
  Parts& parts = *parts_;
  parts.engine =
      std::make_unique<Engine>(parts.loop, EngineOptionsFor(options, parts.files, parts.life.hold));
  if (parts.life.kept()) parts.upgrades = std::make_unique<Upgrades>(parts.loop, parts.life);
  EngineHandle& handle = parts.engine->handle();
  parts.about = Describe(options, parts.life, *parts.kernel);
  const int keeper = parts.life.kept() ? parts.main_process : 0;
  parts.api = std::make_unique<ApiWing>(
      parts.loop, handle,
      ApiServer::Options{geteuid(), parts.AboutWith(keeper), parts.upgrades.get()});
  if (absl::Status opened = OpenDoors(options); !opened.ok()) return opened;
  parts.loop.OnSignal([this](int number) { OnSignal(number); });
  parts.api->Start([this](const absl::Status& started) { OnApi(started); });
  const LoadReport loaded = parts.engine->LoadAll();
  for (const std::string& problem : loaded.problems)
    Log(Level::kWarning, "unit.problem", {{"text", problem}});
  Log(Level::kInfo, "daemon.started",
      {{"version", kVersion},
       {"pid", absl::StrCat(getpid())},
       {"life", absl::StrCat(parts.life.number)},
       {"units", absl::StrCat(loaded.loaded)},
       {"unit_path", absl::StrJoin(options.unit_paths, ":")}});
  const bool goes_on = parts.engine->Recall();
  parts.held_above.Settle();
  if (parts.life.hold) Log(Level::kWarning, "daemon.held", {{"why", "too many crashes"}});
  StartUnits(handle, goes_on ? std::vector<std::string>() : FirstUnits(parts.files, options),
             [&parts] { parts.Arrive(); });
  return absl::OkStatus();
}

absl::Status Daemon::OpenDoors(const DaemonOptions& options) {
  Parts& parts = *parts_;
  parts.notify = std::make_unique<NotifySocket>(
      parts.loop, [&parts](Packet& packet) { parts.engine->OnNotify(packet); });
  absl::Status opened = parts.notify->Open(options.runtime_dir + "/notify.sock");
  if (!opened.ok()) return opened;
  parts.handoff = std::make_unique<HandoffServer>(parts.loop, parts.engine->ports(), geteuid());
  opened = parts.handoff->Open(options.runtime_dir + "/handoff.sock");
  if (!opened.ok()) return opened;
  return parts.api->Listen(options.listen);
}

void Daemon::OnApi(const absl::Status& started) {
  if (started.ok()) return parts_->Arrive();
  LogFailure(Level::kError, "api.failed", started);
  if (parts_->life.number > 1) EndNow();
  parts_->failed = true;
  Stop("no API");
}

void Daemon::EndNow() {
  StopLog();
  _exit(EXIT_FAILURE);
}

void Daemon::OnSignal(int number) {
  if (number == SIGHUP) Reload();
  if (number == SIGTERM) Stop("SIGTERM");
  if (number == SIGINT) Stop("SIGINT");
}

void Daemon::Reload() {
  Parts& parts = *parts_;
  const int64_t now = absl::ToInt64Microseconds(parts.loop.now().since_start());
  parts.supervisor.Tell(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", now));
  parts.engine->handle().Load("SIGHUP", [&parts](const absl::StatusOr<LoadReport>& report) {
    if (report.ok()) {
      Log(Level::kInfo, "daemon.reloaded", {{"units", absl::StrCat(report->loaded)}});
    } else {
      LogFailure(Level::kWarning, "daemon.reload-failed", report.status());
    }
    parts.supervisor.Tell("READY=1");
  });
}

void Daemon::Stop(const std::string& why) {
  Parts& parts = *parts_;
  Log(Level::kInfo, "daemon.stopping", {{"why", why}});
  if (std::exchange(parts.stopping, true)) {
    parts.loop.Stop();
    return;
  }
  parts.supervisor.Tell("STOPPING=1");
  parts.api->SayStopping();
  parts.engine->Shutdown({Cause::Kind::kDaemon, "", why}, [&parts] { parts.loop.Stop(); });
}

bool Daemon::Run() {
  parts_->loop.Run();
  // No more connections; those that are there see the end.
  if (parts_->upgrades != nullptr) parts_->upgrades->OnStopped();
  parts_->api->Stop(kGrace);
  SayDone(parts_->life);
  parts_->engine->SayStopped();
  parts_->held_above.Drop();
  Log(Level::kInfo, "daemon.stopped");
  return !parts_->failed;
}

}  // namespace socketd
