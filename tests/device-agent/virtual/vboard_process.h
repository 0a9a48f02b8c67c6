// A boardloop-vboard process of a test: started, watched, ended.
#pragma once

#include <sys/types.h>

#include <ostream>
#include <string>
#include <vector>

namespace boardloop::vboard {

// The board types, as tests name their parameters.
struct TestBoard {
  std::string type;            // virtual-stm32f405
  std::string name;            // f405, prefix of the test programs
  std::string openocd_target;  // stm32f4x
  std::string openocd_board;   // A board file of OpenOCD with an ST-Link.
  std::string flash_address;   // Where programs are linked.
  std::string core_alias;      // The alias of flash for the core, without its last three digits.
};
const std::vector<TestBoard>& TestBoards();
inline void PrintTo(const TestBoard& board, std::ostream* out) { *out << board.type; }

// Path of an ELF of tests/device-agent/virtual/programs; empty without a cross compiler.
std::string ProgramPath(const TestBoard& board, const std::string& program);

// A folder of its own that goes with the object.
class TestDir {
 public:
  TestDir();
  ~TestDir();
  TestDir(const TestDir&) = delete;
  TestDir& operator=(const TestDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

bool ProcessExists(pid_t pid);
// Waits for the end of a process that is not our child; false if it lives on.
bool WaitForEnd(pid_t pid);

class VboardProcess {
 public:
  // Starts the program and reads its line. Without one, `ready()` is false and the process has
  // ended.
  explicit VboardProcess(const std::vector<std::string>& arguments);
  ~VboardProcess();
  VboardProcess(const VboardProcess&) = delete;
  VboardProcess& operator=(const VboardProcess&) = delete;

  bool ready() const { return !line_.empty(); }
  const std::string& line() const { return line_; }
  pid_t pid() const { return pid_; }
  pid_t qemu_pid() const;
  std::string Text(const std::string& key) const;  // Of the line.
  int Number(const std::string& key) const;

  void Signal(int number);
  // Waits for its end: the exit code, or 128 + the signal.
  int Wait();
  // What it has written to standard error.
  std::string Errors() const;

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  int errors_ = -1;
  std::string line_;
};

// Sends a line to the control socket in `state` and returns the answer.
std::string Order(const std::string& state, const std::string& line);

}  // namespace boardloop::vboard
