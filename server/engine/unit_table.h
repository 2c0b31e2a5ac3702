// All units by name and alias, and how they come to be: loaded on demand together with everything
// they refer to, made for one connection from a template that is read once, collected when nobody
// needs them. Owned by the engine core; engine thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"

#include "server/engine/definition.h"
#include "server/engine/engine_handle.h"
#include "server/engine/service_unit.h"
#include "server/engine/socket_unit.h"
#include "server/engine/unit.h"
#include "server/unit/unit_loader.h"

namespace socketd {

class UnitTable {
 public:
  UnitTable(UnitHost& host, const EngineOptions& options);
  ~UnitTable();

  // By name or alias; null if it is not held.
  Unit* Find(absl::string_view name) const;
  // Held or read now, with what it refers to. Null: bad name, or no room. A template is a unit that
  // is always at rest and refers to nothing.
  Unit* Load(absl::string_view name);
  // Reads one unit again, and with a template its instances: their definitions take effect at their
  // next start.
  Unit* Reload(const UnitName& name);
  // What would be read of `name` if the files were those.
  DefinitionPtr Preview(UnitFiles& files, const UnitName& name) const;
  // Takes what Preview has read, once its files are there: held from now on if it was not.
  Unit& Adopt(const DefinitionPtr& read);
  // Those that stand for themselves, and not for a connection. None of what is no template.
  std::vector<Unit*> InstancesOf(const UnitName& name) const;
  // Those that stand for a connection of the socket, sorted by name.
  std::vector<ServiceUnit*> ConnectionsOf(const SocketUnit& socket) const;
  // An instance of the template that is not at rest; null if there is none.
  const Unit* RunningInstance(const UnitName& name) const;
  // Makes the edges that the unit's definition declares, in place of those it declared before.
  void Relink(Unit& unit);
  // Reads everything that the search path names and everything that is held.
  LoadReport ReloadAll();

  // The instance of the socket's template for a connection; RESOURCE_EXHAUSTED without room.
  absl::StatusOr<ServiceUnit*> MakeInstance(SocketUnit& socket, Connection connection);

  // The instance that the daemon before had made for a connection; null if it cannot be made again.
  ServiceUnit* RecallInstance(const remembered::Unit& record);

  // Drops a unit that is at rest and has no job.
  void Remove(Unit& unit);

  // RESOURCE_EXHAUSTED (TOO_MANY_UNITS): why there is no room.
  absl::Status TooManyUnits() const;

  bool HasRoomFor(size_t more) const;

  const UnitLoader& loader() const { return loader_; }
  size_t size() const { return units_.size(); }
  // Names in order, for whoever has to see all of them.
  std::vector<Unit*> All() const;

  // A template that instances are made from, read once until the next reload.
  struct Template {
    LoadedUnit loaded;
    DefinitionPtr shared;  // null: the definition depends on the instance
    bool has_links = false;
  };
  absl::StatusOr<const Template*> TemplateOf(const UnitName& name);

 private:
  std::unique_ptr<Unit> Make(const UnitName& name, DefinitionPtr definition);
  Unit* Add(const UnitName& name);
  Unit* Hold(const UnitName& name);
  Unit& Insert(const UnitName& name, DefinitionPtr definition);
  void Renew(Unit& unit, DefinitionPtr definition);
  void ReadAll(Problems& problems);
  void AddAliases(Unit& unit);
  void ForgetAliases(const Unit& unit);
  void LinkPending();
  void LinkUnit(Unit& unit);
  void LinkDefaults(Unit& unit);
  void TieAll(Unit& unit,
              LinkKind kind,
              const google::protobuf::RepeatedPtrField<std::string>& names);
  DefinitionPtr DefinitionOf(const Template& found, const UnitName& name) const;

  UnitHost& host_;
  const EngineOptions& options_;
  UnitLoader loader_;
  ExecSurroundings around_;
  absl::flat_hash_map<std::string, std::unique_ptr<Unit>> units_;
  absl::flat_hash_map<std::string, Unit*> aliases_;
  absl::flat_hash_map<std::string, Template> templates_;
  std::vector<Unit*> to_link_;
  bool linking_ = false;
};

// "4-17-10.0.0.1:80-10.0.0.2:4711": what stands for a connection in an instance's name.
std::string InstanceName(uint64_t number, const Connection& connection);

}  // namespace socketd
