// The text of a socket unit that is wrong in twenty ways. Two of its 22 lines are good: 3 and 13.
#pragma once

namespace socketd::testing {

constexpr char kTwentyMistakes[] =
    "Early=1\n"
    "[Socket\n"
    "[Socket]\n"
    "no equals sign\n"
    "=no key\n"
    "De\223cription=x\n"
    "ListenStream=1.2.3:80\n"
    "ListenStream=70000\n"
    "ListenSequentialPacket=80\n"
    "ListenFIFO=@abstract\n"
    "Backlog=-1\n"
    "Accept=perhaps\n"
    "ListenStream=/run/good.sock\n"
    "SocketMode=rw-rw----\n"
    "TimeoutSec=5 parsecs\n"
    "BindIPv6Only=sometimes\n"
    "ExecStartPre=bin/relative\n"
    "ExecStopPost=/bin/\"open\n"
    "User=two words\n"
    "FileDescriptorName=a:b\n"
    "KillSignal=SIGNOTHING\n"
    "LimitNOFILE=2:1\n";

}  // namespace socketd::testing
