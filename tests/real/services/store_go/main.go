// The service of store_service.py with go-systemd, as programs in Go are written: what it was given
// by activation.Files, READY=1 by daemon.SdNotify. That cannot send descriptors; they go by hand.
package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

const memfdCreate = 319 // x86-64; package syscall has no name for it

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func store(name string, fd int) {
	// A net.UnixConn that is connected sends no control messages with packets.
	speaker, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	check(err)
	defer syscall.Close(speaker)
	manager := &syscall.SockaddrUnix{Name: os.Getenv("NOTIFY_SOCKET")}
	text := []byte("FDSTORE=1\nFDNAME=" + name)
	check(syscall.Sendmsg(speaker, text, syscall.UnixRights(fd), manager, 0))
}

func memory() *os.File {
	name := []byte("counter\x00")
	fd, _, errno := syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(&name[0])), 0, 0)
	if errno != 0 {
		check(errno)
	}
	file := os.NewFile(fd, "counter")
	check(file.Truncate(8))
	store("counter", int(fd))
	return file
}

func event() *os.File {
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, 0, 0)
	if errno != 0 {
		check(errno)
	}
	store("event", int(fd))
	return os.NewFile(fd, "event")
}

func number(bytes []byte) uint64 { return binary.LittleEndian.Uint64(bytes) }

func put(file *os.File, value uint64) {
	bytes := make([]byte, 8)
	binary.LittleEndian.PutUint64(bytes, value)
	_, err := file.Write(bytes)
	check(err)
}

func main() {
	found := map[string]*os.File{}
	names := ""
	for _, file := range activation.Files(true) {
		if found[file.Name()] == nil {
			found[file.Name()] = file
		}
		if names != "" {
			names += ":"
		}
		names += file.Name()
	}
	if found["counter"] == nil {
		found["counter"], found["event"] = memory(), event()
	}
	bytes := make([]byte, 8)
	_, err := found["counter"].ReadAt(bytes, 0)
	check(err)
	runs := number(bytes) + 1
	binary.LittleEndian.PutUint64(bytes, runs)
	_, err = found["counter"].WriteAt(bytes, 0)
	check(err)
	put(found["event"], 1)
	_, err = daemon.SdNotify(false, daemon.SdNotifyReady)
	check(err)
	client := found["client"]
	if client == nil {
		listener, err := net.FileListener(found["web.socket"])
		check(err)
		conn, err := listener.Accept()
		check(err)
		client, err = conn.(*net.TCPConn).File()
		check(err)
		store("client", int(client.Fd()))
	}
	line := make([]byte, 4096)
	for {
		count, err := syscall.Read(int(client.Fd()), line)
		check(err)
		if count == 0 {
			break
		}
		_, err = found["event"].Read(bytes)
		check(err)
		events := number(bytes)
		put(found["event"], events)
		answer := fmt.Sprintf("runs=%d events=%d names=%s", runs, events, names)
		_, err = syscall.Write(int(client.Fd()), []byte(answer))
		check(err)
	}
	select {}
}
