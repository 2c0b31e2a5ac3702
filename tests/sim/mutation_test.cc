// Damages the tables of the machines, one cell at a time, in every way, and looks who notices: the
// proofs that guard them at compile time (run here on the damaged copy), or a run of the scenarios
// with the damaged table. A damage that nobody notices is a hole in the tests, unless it is listed
// with the reason why it cannot matter. Prints every mutation with what caught it.
//
// The engine's own tables are damaged in place: their page is made writable in a forked child, so
// that nothing has to be built twice and no test can see another one's damage.

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/engine/service_machine.h"
#include "server/engine/socket_machine.h"
#include "tests/scenarios/scenario.h"
#include "tests/scenarios/scenario_files.h"

namespace socketd::sim {
namespace {

constexpr unsigned kSecondsPerMutation = 20;

struct Mutation {
  std::string name;  // "socket stop-pre.done: stop-post -> dead"
  std::string row;   // "socket stop-pre"
  std::string cell;  // "socket stop-pre.done"
  bool refused = false;
  // Where in the table, and what is to stand there.
  const void* place = nullptr;
  uint8_t value = 0;
};

template <typename Row>
using Column = StateOf<Row> Row::*;

const std::vector<std::pair<std::string, Column<SocketRow>>> kSocketColumns = {
    {"done", &SocketRow::done},
    {"failed", &SocketRow::failed},
    {"late", &SocketRow::late},
    {"skip", &SocketRow::skip},
    {"stop", &SocketRow::stop}};
const std::vector<std::pair<std::string, Column<ServiceRow>>> kServiceColumns = {
    {"done", &ServiceRow::done}, {"failed", &ServiceRow::failed}, {"late", &ServiceRow::late},
    {"skip", &ServiceRow::skip}, {"stop", &ServiceRow::stop},     {"reload", &ServiceRow::reload}};

template <typename State>
std::string Word(State state) {
  return state == State::kNever ? "never" : std::string(NameOf(state));
}

template <typename Row>
void AddCells(const std::string& machine,
              const Table<Row>& table,
              const std::vector<std::pair<std::string, Column<Row>>>& columns,
              std::vector<Mutation>& all) {
  using State = StateOf<Row>;
  for (const Row& row : table) {
    for (const auto& [name, column] : columns) {
      for (uint8_t value = 0; value <= static_cast<uint8_t>(State::kNever); ++value) {
        const auto planted = static_cast<State>(value);
        if (planted == row.*column) continue;
        Table<Row> damaged = table;
        damaged[IndexOf(row.state)].*column = planted;
        const std::string in_row = absl::StrCat(machine, " ", Word(row.state));
        const std::string cell = absl::StrCat(in_row, ".", name);
        all.push_back({absl::StrCat(cell, ": ", Word(row.*column), " -> ", Word(planted)), in_row,
                       cell, !Proven(damaged), &(row.*column), value});
      }
    }
  }
}

// Another wait, or other ports, than the row says.
template <typename Row, typename Value>
void AddWaits(const std::string& machine,
              const Table<Row>& table,
              const std::pair<std::string, Value Row::*>& column,
              uint8_t values,
              std::vector<Mutation>& all) {
  for (const Row& row : table) {
    for (uint8_t value = 0; value < values; ++value) {
      if (static_cast<Value>(value) == row.*column.second) continue;
      Table<Row> damaged = table;
      damaged[IndexOf(row.state)].*column.second = static_cast<Value>(value);
      const std::string in_row = absl::StrCat(machine, " ", Word(row.state));
      const std::string cell = absl::StrCat(in_row, ".", column.first);
      all.push_back({absl::StrCat(cell, ": ", static_cast<int>(row.*column.second), " -> ",
                                  static_cast<int>(value)),
                     in_row, cell, !Proven(damaged), &(row.*column.second), value});
    }
  }
}

void Damage(const Mutation& mutation) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto at = reinterpret_cast<uintptr_t>(mutation.place);
  CHECK(mprotect(reinterpret_cast<void*>(at & ~(page - 1)), page, PROT_READ | PROT_WRITE) == 0);
  std::memcpy(reinterpret_cast<void*>(at), &mutation.value, 1);
}

// In the child: the first scenario that fails with the damaged table; empty: none does.
std::string Hunt(const std::vector<Scenario>& scenarios, const Mutation& mutation) {
  Damage(mutation);
  for (const Scenario& scenario : scenarios) {
    if (!Play(scenario).failures.empty()) return scenario.title;
  }
  return "";
}

// What catches the mutation in a run; empty: nothing.
std::string RunWith(const std::vector<Scenario>& scenarios, const Mutation& mutation) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  std::cout.flush();
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(kSecondsPerMutation);
    CHECK(std::freopen("/dev/null", "w", stderr) != nullptr);
    const std::string title = Hunt(scenarios, mutation);
    const ssize_t written = write(ends[1], title.data(), title.size());
    _exit(written == static_cast<ssize_t>(title.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string title(512, '\0');
  const ssize_t got = read(ends[0], title.data(), title.size());
  close(ends[0]);
  title.resize(got > 0 ? static_cast<size_t>(got) : 0);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) {
    return WTERMSIG(status) == SIGALRM ? "an endless loop" : "a CHECK of the engine";
  }
  return title.empty() ? "" : absl::StrCat("scenario: ", title);
}

// Damages that cannot be seen, with the reason.
const std::map<std::string, std::string>& Harmless() {
  static const std::map<std::string, std::string> kHarmless = {};
  return kHarmless;
}

struct Tally {
  int planted = 0;
  int proofs = 0;
  int runs = 0;
  int harmless = 0;
  std::vector<std::string> survivors;
};

Tally CatchAll(std::vector<Scenario> scenarios, const std::vector<Mutation>& mutations) {
  Tally tally;
  for (const Mutation& mutation : mutations) {
    ++tally.planted;
    if (mutation.refused) {
      ++tally.proofs;
      std::printf("%s: the proofs\n", mutation.name.c_str());
      continue;
    }
    const std::string by = RunWith(scenarios, mutation);
    const auto harmless = Harmless().find(mutation.name);
    if (!by.empty()) {
      ++tally.runs;
      std::printf("%s: %s\n", mutation.name.c_str(), by.c_str());
    } else if (harmless != Harmless().end()) {
      ++tally.harmless;
      std::printf("%s: harmless, %s\n", mutation.name.c_str(), harmless->second.c_str());
    } else {
      tally.survivors.push_back(mutation.name);
      std::printf("%s: NOBODY\n", mutation.name.c_str());
    }
    std::fflush(stdout);
    // What caught one mutation of a row often catches the next: try it first.
    for (size_t i = 1; i < scenarios.size(); ++i) {
      if (absl::StrCat("scenario: ", scenarios[i].title) == by)
        std::swap(scenarios[0], scenarios[i]);
    }
  }
  return tally;
}

std::vector<Mutation> AllMutations() {
  std::vector<Mutation> all;
  AddCells<SocketRow>("socket", kSocketMachine, kSocketColumns, all);
  AddWaits<SocketRow, Ports>("socket", kSocketMachine, {"ports", &SocketRow::ports}, 2, all);
  AddWaits<SocketRow, SocketAwait>("socket", kSocketMachine, {"awaits", &SocketRow::awaits}, 10,
                                   all);
  AddCells<ServiceRow>("service", kServiceMachine, kServiceColumns, all);
  AddWaits<ServiceRow, ServiceAwait>("service", kServiceMachine, {"awaits", &ServiceRow::awaits},
                                     12, all);
  return all;
}

}  // namespace
}  // namespace socketd::sim

int main(int argc, char** argv) {
  using namespace socketd::sim;  // NOLINT(google-build-using-namespace): a program of one file
  const auto scenarios = ReadScenarios(argc, argv);
  if (!scenarios.ok()) {
    std::cerr << scenarios.status().message() << "\n";
    return 1;
  }
  std::vector<Mutation> mutations = AllMutations();
  // Bazel's shards, by row.
  const char* const shards = std::getenv("TEST_TOTAL_SHARDS");
  const char* const shard = std::getenv("TEST_SHARD_INDEX");
  if (shards != nullptr && shard != nullptr) {
    std::vector<Mutation> mine;
    for (size_t i = 0; i < mutations.size(); ++i) {
      if (i % std::strtoul(shards, nullptr, 10) == std::strtoul(shard, nullptr, 10)) {
        mine.push_back(mutations[i]);
      }
    }
    mutations = mine;
  }
  const Tally tally = CatchAll(*scenarios, mutations);
  std::printf("%d mutations: %d caught by the proofs, %d by runs, %d harmless, %zu by nobody\n",
              tally.planted, tally.proofs, tally.runs, tally.harmless, tally.survivors.size());
  for (const std::string& survivor : tally.survivors)
    std::printf("survived: %s\n", survivor.c_str());
  return tally.survivors.empty() ? 0 : 1;
}
