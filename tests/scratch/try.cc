#include <iostream>
#include <fstream>
#include <sstream>
#include <filesystem>
#include "google/protobuf/util/message_differencer.h"
#include "server/unit/unit_loader.h"
#include "server/unit/schema.h"
#include "proto/socketd/v1/unit.pb.h"
using namespace socketd; namespace fs = std::filesystem;
struct F : UnitFiles {
  absl::StatusOr<std::string> Read(const std::string& p) override { std::ifstream f(p); if (!f) return absl::NotFoundError(p); std::stringstream s; s << f.rdbuf(); return s.str(); }
  absl::StatusOr<std::vector<Entry>> List(const std::string& d) override { std::error_code e; std::vector<Entry> v; for (auto& x : fs::directory_iterator(d, e)) { Entry n; n.name = x.path().filename(); n.is_symlink = x.is_symlink(); n.is_directory = x.is_directory(); if (n.is_symlink) n.target = fs::read_symlink(x.path()); v.push_back(n);} if (e) return absl::NotFoundError(d); return v; }
};
int main(int argc, char** argv) {
  F files; Surroundings s; s.machine_id = "m"; s.boot_id = "b"; s.host_name = "h";
  std::vector<std::string> paths(argv + 1, argv + argc);
  UnitLoader l(files, paths, s); Problems ps; int n = 0, loaded = 0, warn = 0, unknown = 0, unenf = 0, fatal = 0, rt = 0;
  for (auto& name : l.ListNames(ps)) {
    if (name.type() == UnitType::kTarget) continue;
    auto u = l.Load(name); ++n;
    if (u.state == LoadState::kLoaded) ++loaded; else std::cout << name.text() << " " << (int)u.state << " " << u.error << "\n";
    for (auto& p : u.problems) { if (p.fatal) ++fatal; else ++warn; if (p.message.find("unknown") != std::string::npos) { ++unknown; }
      if (p.message.find("not enforced") != std::string::npos) ++unenf; else std::cout << "  " << ToText(p) << "\n"; }
    if (u.written) { auto t = WriteUnitFile(*u.written); v1::UnitDefinition d; Problems q; ReadUnitFile(u.name, "x", t, d, q); if (!google::protobuf::util::MessageDifferencer::Equals(d, *u.written)) { std::cout << "ROUND " << name.text() << "\n" << t; ++rt; }
      Problems c; CheckDefinition(u.name, *u.written, c); for (auto& p : c) std::cout << "CHECK " << name.text() << " " << ToText(p) << "\n"; 
      if (getenv("SHOW")) std::cout << t << "\n----\n" << u.written->DebugString(); }
  }
  std::cout << "units " << n << " loaded " << loaded << " fatal " << fatal << " warnings " << warn << " unenforced " << unenf << " unknown " << unknown << " roundtrip-bad " << rt << "\n";
}
