package desk.intake;

import org.springframework.data.annotation.Id;
import org.springframework.data.mongodb.core.mapping.Document;

/** Where a registered customer can be reached. */
@Document("customer")
record Customer(@Id String id, State state) {

    record State(Contact contact) {}

    Contact contact() {
        return state == null ? null : state.contact();
    }
}
