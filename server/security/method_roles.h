// Which roles may call which method: the one table of it. docs/security.md says the same for people.
//
// A method that is not in the table is refused, and a test fails when a service of ours has one that is not.
#pragma once

#include <string>
#include <vector>

#include "boardloop/v1/identity.pb.h"

namespace boardloop {

struct MethodRoles {
  bool needs_certificate = true;
  std::vector<v1::Identity::Role> roles;  // Of those who may call it; with a certificate.
};

// `path` is "/boardloop.v1.SearchService/GetSearch"; nullptr: there is no such method.
const MethodRoles* FindMethodRoles(const std::string& path);

// All paths of the table, for the test.
std::vector<std::string> MethodsWithRoles();

}  // namespace boardloop
