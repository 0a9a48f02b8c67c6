// Boards, board types, and workers and agents as text for people.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "boardloop/v1/board_service.pb.h"
#include "cli/table.h"
#include "google/protobuf/repeated_field.h"

namespace boardloop {

Table BoardsTable(const google::protobuf::RepeatedPtrField<v1::Board>& boards, absl::Time now);
// All that is known of a board.
std::string BoardText(const v1::Board& board, absl::Time now);
Table FarmBoardTypesTable(const google::protobuf::RepeatedPtrField<v1::BoardType>& types);
Table MembersTable(const google::protobuf::RepeatedPtrField<v1::Member>& members, absl::Time now);

}  // namespace boardloop
