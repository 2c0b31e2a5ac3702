// What single conditions ask of the world. For condition.cc, which knows which is which. Each says
// whether `value`, which the reader took, holds.
#pragma once

#include <string>

#include "server/engine/condition.h"

namespace socketd {

using ConditionTest = bool (*)(const std::string& value, ConditionWorld& world);

// ---- paths (condition_paths.cc) ----

bool PathExists(const std::string& path, ConditionWorld& world);
bool PathExistsGlob(const std::string& pattern, ConditionWorld& world);
bool PathIsDirectory(const std::string& path, ConditionWorld& world);
bool PathIsSymbolicLink(const std::string& path, ConditionWorld& world);
bool PathIsMountPoint(const std::string& path, ConditionWorld& world);
bool PathIsReadWrite(const std::string& path, ConditionWorld& world);
bool PathIsSocket(const std::string& path, ConditionWorld& world);
bool DirectoryNotEmpty(const std::string& path, ConditionWorld& world);
bool FileNotEmpty(const std::string& path, ConditionWorld& world);
bool FileIsExecutable(const std::string& path, ConditionWorld& world);
bool NeedsUpdate(const std::string& path, ConditionWorld& world);

// ---- the kernel and the machine (condition_machine.cc) ----

bool KernelCommandLineHas(const std::string& value, ConditionWorld& world);
// The value of a word NAME=value on the kernel's command line that is a boolean; else `otherwise`.
bool KernelCommandLineSays(const std::string& name, bool otherwise, ConditionWorld& world);
bool KernelModuleIsLoaded(const std::string& name, ConditionWorld& world);
bool CapabilityIsInBounds(const std::string& name, ConditionWorld& world);
bool SecurityIsOn(const std::string& name, ConditionWorld& world);
bool IsOnAcPower(const std::string& answer, ConditionWorld& world);
bool HasControllers(const std::string& names, ConditionWorld& world);
bool HasMemory(const std::string& comparison, ConditionWorld& world);
bool HasCpus(const std::string& comparison, ConditionWorld& world);

// ---- the system and the daemon (condition_system.cc) ----

bool IsArchitecture(const std::string& name, ConditionWorld& world);
bool IsVirtual(const std::string& value, ConditionWorld& world);
bool IsHost(const std::string& value, ConditionWorld& world);
bool VersionHolds(const std::string& comparison, ConditionWorld& world);
bool OsReleaseHolds(const std::string& comparisons, ConditionWorld& world);
bool HasVariable(const std::string& value, ConditionWorld& world);
bool IsFirstBoot(const std::string& answer, ConditionWorld& world);
bool IsUser(const std::string& value, ConditionWorld& world);
bool IsInGroup(const std::string& value, ConditionWorld& world);

}  // namespace socketd
