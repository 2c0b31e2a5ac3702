// Damages the tables of the machines, one cell at a time, in every way, and looks who notices: the
// proofs that guard them at compile time (run here on the damaged copy), or a run of the scenarios
// with the damaged table. In each cell at least one damage that the proofs let pass must be seen by
// a run, unless they let none pass. Prints every mutation with what caught it, cell by cell until
// the first that a run has caught; with `--all`, all of them. `--cell=PREFIX`, as often as wanted,
// keeps to the cells whose names begin so: `"--cell=socket stop-post."`, `--cell=service`.
//
// The engine's own tables are damaged in place: their page is made writable in a forked child, so
// that nothing has to be built twice and no test can see another one's damage.

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

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
    {"done", &SocketRow::done},  {"failed", &SocketRow::failed}, {"late", &SocketRow::late},
    {"skip", &SocketRow::skip},  {"stop", &SocketRow::stop},     {"over", &SocketRow::over},
    {"pause", &SocketRow::pause}};
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
  for (const Row& row : table)
    for (const auto& [name, column] : columns)
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

// Another wait, or other ports, than the row says.
template <typename Row, typename Value, uint8_t kValues>
void AddWaits(const std::string& machine,
              const Table<Row>& table,
              const std::pair<std::string, Value Row::*>& column,
              std::vector<Mutation>& all) {
  for (const Row& row : table) {
    for (uint8_t value = 0; value < kValues; ++value) {
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
  // The table is a constant; this process has it to itself.
  char* const place = static_cast<char*>(const_cast<void*>(mutation.place));
  char* const begin = place - reinterpret_cast<uintptr_t>(place) % page;
  // There may be code in that page, which has to run yet.
  CHECK(mprotect(begin, page, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
  std::memcpy(place, &mutation.value, 1);
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
    CHECK(WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGABRT);
    return WTERMSIG(status) == SIGALRM ? "an endless loop" : "a CHECK of the engine";
  }
  return title.empty() ? "" : absl::StrCat("scenario: ", title);
}

struct Tally {
  int planted = 0;
  int proofs = 0;
  int runs = 0;
  std::vector<std::string> survivors;
  std::map<std::string, bool> cells;  // whether the damage of each was noticed
};

// Plants one mutation; tells who caught it, or nobody.
void Plant(std::vector<Scenario>& scenarios, const Mutation& mutation, Tally& tally) {
  ++tally.planted;
  const std::string by = RunWith(scenarios, mutation);
  std::printf("%s: %s\n", mutation.name.c_str(), by.empty() ? "NOBODY" : by.c_str());
  std::fflush(stdout);
  bool& noticed = tally.cells[mutation.cell];
  noticed = noticed || !by.empty();
  if (by.empty()) {
    tally.survivors.push_back(mutation.name);
    return;
  }
  ++tally.runs;
  // What caught one mutation of a row often catches the next: try it first.
  for (size_t i = 1; i < scenarios.size(); ++i) {
    if (absl::StrCat("scenario: ", scenarios[i].title) == by) std::swap(scenarios[0], scenarios[i]);
  }
}

Tally CatchAll(std::vector<Scenario> scenarios, const std::vector<Mutation>& mutations, bool all) {
  Tally tally;
  std::map<std::string, int> passed;  // mutations of a cell that the proofs let pass
  for (const Mutation& mutation : mutations) {
    passed[mutation.cell] += mutation.refused ? 0 : 1;
    if (!mutation.refused) continue;
    ++tally.planted;
    ++tally.proofs;
    std::printf("%s: the proofs\n", mutation.name.c_str());
  }
  for (const auto& [cell, count] : passed)
    tally.cells[cell] = count == 0;
  for (const Mutation& mutation : mutations) {
    if (mutation.refused || (!all && tally.cells[mutation.cell])) continue;
    Plant(scenarios, mutation, tally);
  }
  return tally;
}

std::vector<Mutation> AllMutations() {
  std::vector<Mutation> all;
  AddCells<SocketRow>("socket", kSocketMachine, kSocketColumns, all);
  AddWaits<SocketRow, Ports, 2>("socket", kSocketMachine, {"ports", &SocketRow::ports}, all);
  AddWaits<SocketRow, SocketAwait, 13>("socket", kSocketMachine, {"awaits", &SocketRow::awaits},
                                       all);
  AddCells<ServiceRow>("service", kServiceMachine, kServiceColumns, all);
  AddWaits<ServiceRow, ServiceAwait, 12>("service", kServiceMachine,
                                         {"awaits", &ServiceRow::awaits}, all);
  return all;
}

bool Has(int argc, char** argv, absl::string_view flag) {
  return std::any_of(argv, argv + argc, [&](const char* argument) { return argument == flag; });
}

// Those that `--cell=PREFIX` asks for; without one, all.
std::vector<Mutation> Chosen(int argc, char** argv) {
  std::vector<absl::string_view> prefixes;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (absl::ConsumePrefix(&argument, "--cell=")) prefixes.push_back(argument);
  }
  std::vector<Mutation> mutations = AllMutations();
  if (prefixes.empty()) return mutations;
  std::erase_if(mutations, [&](const Mutation& mutation) {
    return std::none_of(prefixes.begin(), prefixes.end(), [&](absl::string_view prefix) {
      return absl::StartsWith(mutation.cell, prefix);
    });
  });
  return mutations;
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
  const auto mutations = Chosen(argc, argv);
  if (mutations.empty()) {
    std::cerr << "--cell: no cell begins so, expected one as `socket stop-post.done`\n";
    return 1;
  }
  const Tally tally = CatchAll(*scenarios, mutations, Has(argc, argv, "--all"));
  std::printf("%d mutations: %d caught by the proofs, %d by runs, %zu by nobody\n", tally.planted,
              tally.proofs, tally.runs, tally.survivors.size());
  int holes = 0;
  for (const auto& [cell, noticed] : tally.cells) {
    if (noticed) continue;
    ++holes;
    std::printf("a hole: nobody noticed any damage of %s\n", cell.c_str());
  }
  std::printf("%zu cells, %d holes\n", tally.cells.size(), holes);
  return holes == 0 ? 0 : 1;
}
