package desk.intake;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import org.hibernate.validator.constraints.UniqueElements;

/** A customer's request to cancel contracts: {@code submission.cancellation.v1}. */
record Submission(
        @NotNull @Pattern(regexp = "[A-Za-z0-9._-]{1,64}") String customerId,
        @NotNull Channel channel,
        @NotNull OffsetDateTime receivedAt,
        @Pattern(regexp = "es|en") String language,
        @NotNull @Size(min = 1, max = 50) @UniqueElements
                List<@NotNull @Pattern(regexp = "[A-Za-z0-9._/-]{1,64}") String> contractNumbers,
        @NotNull @Valid Contact contact,
        LocalDate requestedEndOn,
        Boolean destructionConfirmed,
        @Valid Signature signature,
        @Size(min = 1, max = 10_000) String comment) {

    static final String TYPE = "submission.cancellation.v1";
    private static final ZoneId MADRID = ZoneId.of("Europe/Madrid");

    Submission {
        language = language == null ? "es" : language;
    }

    /** The requested end date; one in the past, seen from the day of receipt, counts as none. */
    LocalDate futureEnd() {
        LocalDate received = receivedAt.atZoneSameInstant(MADRID).toLocalDate();
        return requestedEndOn == null || requestedEndOn.isBefore(received) ? null : requestedEndOn;
    }
}
