// System calls without libc, and the entry of a program that has none: the only part of the
// executor that knows the processor. A failed call returns -errno. Safe wherever no library may be
// called: in the executor, and in a child that still shares the daemon's memory, errno included.
#pragma once

#include <sys/syscall.h>

namespace socketd::exec {

// NOLINTBEGIN(google-runtime-int,readability-function-size): a system call is machine words

// A pointer as a call takes it.
template <typename T>
long Address(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

#if defined(__x86_64__)

inline long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  long result = 0;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

// The kernel enters with the stack pointer at argc; `function` gets that address.
#define SOCKETD_EXEC_ENTRY(function) \
  __asm__(                           \
      ".globl _start\n"              \
      "_start:\n"                    \
      "  xorl %ebp, %ebp\n"          \
      "  movq %rsp, %rdi\n"          \
      "  andq $-16, %rsp\n"          \
      "  call " #function            \
      "\n"                           \
      "  hlt\n")

// clone3(2) whose child calls function(argument) on the stack that `arguments` names and never
// returns. In C it cannot be said: the call would return twice on one stack.
#define SOCKETD_CLONE_ENTRY(name)          \
  __asm__(                                 \
      ".text\n"                            \
      ".globl " #name                      \
      "\n"                                 \
      ".type " #name ", @function\n" #name \
      ":\n"                                \
      "  movq %rdx, %r8\n"                 \
      "  movq %rcx, %r9\n"                 \
      "  movl $435, %eax\n"                \
      "  syscall\n"                        \
      "  testq %rax, %rax\n"               \
      "  jz 1f\n"                          \
      "  ret\n"                            \
      "1:\n"                               \
      "  xorl %ebp, %ebp\n"                \
      "  movq %r9, %rdi\n"                 \
      "  call *%r8\n"                      \
      "  hlt\n"                            \
      ".size " #name ", . - " #name "\n")

#elif defined(__aarch64__)

inline long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
                   : "memory", "cc");
  return x0;
}

#define SOCKETD_EXEC_ENTRY(function) \
  __asm__(                           \
      ".globl _start\n"              \
      "_start:\n"                    \
      "  mov x29, #0\n"              \
      "  mov x0, sp\n"               \
      "  and sp, x0, #-16\n"         \
      "  bl " #function              \
      "\n"                           \
      "  brk #0\n")

#define SOCKETD_CLONE_ENTRY(name)          \
  __asm__(                                 \
      ".text\n"                            \
      ".globl " #name                      \
      "\n"                                 \
      ".type " #name ", %function\n" #name \
      ":\n"                                \
      "  mov x9, x2\n"                     \
      "  mov x10, x3\n"                    \
      "  mov x8, #435\n"                   \
      "  svc #0\n"                         \
      "  cbz x0, 1f\n"                     \
      "  ret\n"                            \
      "1:\n"                               \
      "  mov x29, #0\n"                    \
      "  mov x0, x10\n"                    \
      "  blr x9\n"                         \
      "  brk #0\n"                         \
      ".size " #name ", . - " #name "\n")

#else
#error "the entry of this processor has to be written: see the ones above"
#endif

// NOLINTEND(google-runtime-int,readability-function-size)

}  // namespace socketd::exec
