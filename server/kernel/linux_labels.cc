#include "server/kernel/linux_labels.h"

#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_abi.h"

namespace socketd {
namespace {

struct Attribute {
  std::string name;
  std::string value;
};

// "user.NAME=VALUE".
Attribute Split(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {text, ""};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

bool IsXattr(SocketOption option) {
  return option == SocketOption::kXattrEntryPoint || option == SocketOption::kXattrListen ||
         option == SocketOption::kXattrAccept;
}

// smack(7): a label is an attribute that only this security module knows.
Attribute AttributeOf(const OptionValue& value) {
  switch (value.option) {
    case SocketOption::kSmackLabel:
      return {"security.SMACK64", value.text};
    case SocketOption::kSmackLabelIpIn:
      return {"security.SMACK64IPIN", value.text};
    case SocketOption::kSmackLabelIpOut:
      return {"security.SMACK64IPOUT", value.text};
    default:
      return Split(value.text);
  }
}

std::string Why(const OptionValue& value, int error) {
  if (!IsXattr(value.option)) return HasSmack() ? ErrnoName(error) : "this kernel has no Smack";
  const bool unknown = error == EPERM || error == ENOTSUP;
  return unknown ? "sockets have such attributes since Linux 7.0" : ErrnoName(error);
}

// 0, or the errno.
int SetOn(int fd, const OptionValue& value) {
  if (!IsXattr(value.option) && !HasSmack()) return ENOTSUP;
  const Attribute attribute = AttributeOf(value);
  const int set =
      fsetxattr(fd, attribute.name.c_str(), attribute.value.data(), attribute.value.size(), 0);
  return set == 0 ? 0 : errno;
}

}  // namespace

bool HasSmack() {
  return access("/sys/fs/smackfs", F_OK) == 0;
}

bool HasSocketXattrs() {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd && fsetxattr(fd.get(), "user.socketd", "", 0, 0) == 0;
}

bool HasFunctionFs() {
  std::ifstream kinds("/proc/filesystems");
  for (std::string line; std::getline(kinds, line);) {
    if (absl::EndsWith(line, "functionfs")) return true;
  }
  return false;
}

void LabelSocket(int fd, const ListenSpec& spec, Warnings& warnings) {
  for (const OptionValue& value : spec.options) {
    const bool labels = value.option == SocketOption::kXattrListen ||
                        value.option == SocketOption::kSmackLabelIpIn ||
                        value.option == SocketOption::kSmackLabelIpOut;
    const bool later =
        value.option == SocketOption::kXattrAccept && Accepts(spec.type) && !HasSocketXattrs();
    const int error = labels ? SetOn(fd, value) : later ? ENOTSUP : 0;
    if (error != 0) warnings.push_back(NotObeyed(NameOf(value.option), spec, Why(value, error)));
  }
}

void LabelConnection(int fd, const SocketOptions& options) {
  for (const OptionValue& value : options) {
    if (value.option == SocketOption::kXattrAccept) SetOn(fd, value);
  }
}

void LabelNode(int fd, const ListenSpec& spec, Warnings& warnings) {
  // fsetxattr(2) refuses descriptors of O_PATH; through /proc they are as good as a path.
  const std::string path = absl::StrCat("/proc/self/fd/", fd);
  for (const OptionValue& value : spec.options) {
    const bool smack = value.option == SocketOption::kSmackLabel;
    if (!smack && value.option != SocketOption::kXattrEntryPoint) continue;
    const Attribute attribute = AttributeOf(value);
    int error = smack && !HasSmack() ? ENOTSUP : 0;
    if (error == 0 && setxattr(path.c_str(), attribute.name.c_str(), attribute.value.data(),
                               attribute.value.size(), 0) != 0)
      error = errno;
    if (error != 0) warnings.push_back(NotObeyed(NameOf(value.option), spec, Why(value, error)));
  }
}

}  // namespace socketd
