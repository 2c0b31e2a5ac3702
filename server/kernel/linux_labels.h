// What few kernels have: extended attributes and Smack labels of sockets and of their nodes, and
// FunctionFS.
#pragma once

#include "server/kernel/linux_options.h"
#include "server/kernel/types.h"

namespace socketd {

bool HasSmack();
// Extended attributes of users on sockets: Linux 7.0.
bool HasSocketXattrs();

bool HasFunctionFs();

// XAttrListen=, SmackLabelIPIn= and SmackLabelIPOut=; says what XAttrAccept= will not do.
void LabelSocket(int fd, const ListenSpec& spec, Warnings& warnings);
// XAttrAccept=.
void LabelConnection(int fd, const SocketOptions& options);
// XAttrEntryPoint= and SmackLabel= of a node, a FIFO or a queue; `fd` may be of O_PATH.
void LabelNode(int fd, const ListenSpec& spec, Warnings& warnings);

}  // namespace socketd
