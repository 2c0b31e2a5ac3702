// A machine that knows less than this one, for the calling process and all that it starts from then
// on. It needs root, or a process that may gain no privileges.
#pragma once

namespace socketd::real {

// No PIDFD_GET_INFO (Linux 6.13; how a process ended, 6.15): a pidfd tells only that it has ended.
// False: the system does not let us.
bool ForgetPidfdInfo();

}  // namespace socketd::real
