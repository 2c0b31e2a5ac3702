// What each step of a script does (child_script.h).

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "tests/sim/fake_processes.h"

namespace socketd::sim {
namespace {

std::string ValueOf(const std::vector<std::string>& environment, absl::string_view key) {
  const std::string prefix = absl::StrCat(key, "=");
  for (const std::string& entry : environment) {
    if (absl::StartsWith(entry, prefix)) return entry.substr(prefix.size());
  }
  return "";
}

// A log line per step and run is enough; a service that floods its log is no part of this world.
constexpr size_t kMaxLogged = 65536;

}  // namespace

void FakeProcesses::Enter(int pid) {
  FakeProcess& process = processes_.at(pid);
  process.accepted = 0;
  process.waits = false;
  if (process.at >= process.script.steps.size()) {
    End(pid, Exit{Exit::How::kExited, 0});
    return;
  }
  const absl::Duration after = process.script.steps[process.at].after;
  if (after > absl::ZeroDuration()) {
    Later(process, after, &FakeProcesses::Do);
  } else {
    Do(pid);
  }
}

void FakeProcesses::Next(FakeProcess& process) {
  ++process.at;
  Later(process, absl::ZeroDuration(), &FakeProcesses::Enter);
}

void FakeProcesses::Do(int pid) {
  FakeProcess& process = processes_.at(pid);
  const Step& step = process.script.steps[process.at];
  switch (step.action) {
    case Step::Do::kExit:
      return End(pid, Exit{Exit::How::kExited, step.number});
    case Step::Do::kDie:
      return End(pid, Exit{Exit::How::kSignaled, step.number});
    case Step::Do::kDump:
      return End(pid, Exit{Exit::How::kDumped, step.number});
    case Step::Do::kHang:
      return;
    case Step::Do::kAccept:
    case Step::Do::kServe:
      return Serve(process, step);
    case Step::Do::kWait:
      break;
    case Step::Do::kSay:
      Say(process, step.text);
      break;
    case Step::Do::kLog:
      if (process.log && process.log->bytes.size() < kMaxLogged) {
        if (auto reader = process.log->other_end.lock()) reader->bytes += step.text + "\n";
      }
      break;
    case Step::Do::kFork:
      Fork(process, step);
      break;
    case Step::Do::kStore:
    case Step::Do::kPass:
      Store(process, step);
      break;
    case Step::Do::kUnstore:
      Unstore(process, step.text);
      break;
    case Step::Do::kClose:
      process.own.erase(step.text);
      break;
    case Step::Do::kBreak:
      for (const auto& file : process.files)
        file->broken = true;
      break;
    case Step::Do::kWritePid:
      world_.files.Put(step.text, absl::StrCat(step.number == 1 ? process.last_forked : pid, "\n"));
      break;
  }
  Next(processes_.at(pid));
}

const std::vector<Deposit>& FakeProcesses::deposits(const std::string& unit) const {
  static const auto& none = *new std::vector<Deposit>;
  const auto found = deposits_.find(unit);
  return found != deposits_.end() ? found->second : none;
}

std::string FakeProcesses::UnitOf(const FakeProcess& process) const {
  const std::string group = world_.groups.NameOf(process.group);
  return group.substr(0, group.find('#'));
}

// What a step is about; a pipe's other end stays with the process.
std::shared_ptr<FakeFile> FakeProcesses::Made(FakeProcess& process, const Step& step) {
  if (step.kind == "passed") return process.files.empty() ? nullptr : process.files.front();
  if (step.kind == "again") {
    const auto own = process.own.find(step.text);
    if (own != process.own.end()) return own->second;
    for (const auto& file : process.files)
      if (file->label == step.text) return file;
    return nullptr;
  }
  auto made = std::make_shared<FakeFile>();
  made->label = step.text;
  made->kind = step.kind == "pipe" ? FakeFile::Kind::kPipeRead : FakeFile::Kind::kMemory;
  if (step.kind == "pipe") {
    auto end = std::make_shared<FakeFile>();
    end->kind = FakeFile::Kind::kPipeWrite;
    end->other_end = made;
    made->other_end = end;
    process.own.emplace(step.text, std::move(end));
  } else {
    process.own.emplace(step.text, made);
  }
  return made;
}

void FakeProcesses::Store(FakeProcess& process, const Step& step) {
  const bool stores = step.action == Step::Do::kStore;
  std::vector<std::shared_ptr<FakeFile>> files;
  for (int i = 0; i < std::max(step.number, 1); ++i)
    if (auto file = Made(process, step)) files.push_back(std::move(file));
  std::vector<Deposit>& deposits = deposits_[UnitOf(process)];
  for (const auto& file : files) {
    const bool known = std::any_of(deposits.begin(), deposits.end(),
                                   [&](const Deposit& one) { return one.file.lock() == file; });
    if (!stores || known || step.kind == "vainly") continue;
    deposits.push_back({step.text, file, step.kind == "passed" ? nullptr : file, !step.unpolled});
  }
  const std::string poll = step.unpolled ? "\nFDPOLL=0" : "";
  Say(process, stores ? absl::StrCat("FDSTORE=1\nFDNAME=", step.text, poll) : "STATUS=take this",
      std::move(files));
}

void FakeProcesses::Unstore(const FakeProcess& process, const std::string& name) {
  std::vector<Deposit>& deposits = deposits_[UnitOf(process)];
  deposits.erase(std::remove_if(deposits.begin(), deposits.end(),
                                [&](const Deposit& one) { return one.name == name; }),
                 deposits.end());
  Say(process, absl::StrCat("FDSTOREREMOVE=1\nFDNAME=", name));
}

void FakeProcesses::Say(const FakeProcess& process,
                        const std::string& text,
                        std::vector<std::shared_ptr<FakeFile>> files) {
  const std::string address = ValueOf(process.environment, "NOTIFY_SOCKET");
  if (address.empty()) return;
  const int64_t now = absl::ToInt64Microseconds(world_.clock.now().since_start());
  const std::string stamp = text == "RELOADING=1" ? absl::StrCat("\nMONOTONIC_USEC=", now) : "";
  // A service whose manager is gone does not care.
  world_.ports.SendTo(address, text + stamp, PeerOf(process), std::move(files)).IgnoreError();
}

void FakeProcesses::Fork(FakeProcess& process, const Step& step) {
  FakeProcess forked;
  forked.group = process.group;
  forked.session = step.number == 1 ? 0 : process.session;
  forked.program = step.text;
  forked.argv = {step.text};
  forked.environment = process.environment;
  forked.files = process.files;
  forked.log = process.log;
  forked.user = process.user;
  const int parent = process.pid;
  FakeProcess& started = Start(std::move(forked));
  processes_.at(parent).last_forked = started.pid;
  Later(started, absl::ZeroDuration(), &FakeProcesses::Execute);
}

bool FakeProcesses::TakeOne(FakeProcess& process) {
  for (const auto& file : process.files) {
    if (FakePorts::Accept(*file, process.pid) != nullptr) return true;
    if (!file->packets.empty()) {
      file->packets.pop_front();
      return true;
    }
    if (!file->bytes.empty()) {
      file->bytes.clear();
      return true;
    }
  }
  return false;
}

void FakeProcesses::Serve(FakeProcess& process, const Step& step) {
  const bool bounded = step.action == Step::Do::kAccept && step.number > 0;
  while (!bounded || process.accepted < step.number) {
    if (!TakeOne(process)) break;
    ++process.accepted;
  }
  const bool done =
      step.action == Step::Do::kAccept && (!bounded || process.accepted >= step.number);
  if (done) return Next(process);
  process.waits = true;
  if (step.action == Step::Do::kServe && step.idle != absl::InfiniteDuration()) {
    Later(process, step.idle, &FakeProcesses::StopIdle);
  }
}

void FakeProcesses::StopIdle(int pid) {
  FakeProcess& process = processes_.at(pid);
  process.waits = false;
  Next(process);
}

void FakeProcesses::OnArrival(const FakeFile& file) {
  for (auto& [pid, process] : processes_) {
    if (!process.alive || !process.waits) continue;
    for (const auto& held : process.files) {
      if (held.get() != &file) continue;
      process.waits = false;
      Later(process, absl::ZeroDuration(), &FakeProcesses::Do);
      break;
    }
  }
}

}  // namespace socketd::sim
