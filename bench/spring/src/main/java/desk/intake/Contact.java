package desk.intake;

import jakarta.validation.constraints.Email;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;

/** Where answers go. Any field may be missing. */
record Contact(
        @Size(min = 1, max = 10_000) String name,
        @Email String email,
        @Pattern(regexp = "\\+?[0-9][0-9 ().-]{4,24}") String phone,
        @Size(max = 10_000) String postalAddress) {

    /** This contact with the other's values where it has none of its own. */
    Contact completedWith(Contact other) {
        if (other == null) {
            return this;
        }
        return new Contact(
                name != null ? name : other.name,
                email != null ? email : other.email,
                phone != null ? phone : other.phone,
                postalAddress != null ? postalAddress : other.postalAddress);
    }
}
