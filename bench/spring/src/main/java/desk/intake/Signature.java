package desk.intake;

import com.fasterxml.jackson.annotation.JsonProperty;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.time.LocalDate;

/** A signature; the reference is the document's, the e-signature's or the agent's id. */
record Signature(
        @NotNull Kind kind,
        @NotBlank String reference,
        @NotBlank String signedBy,
        @NotNull LocalDate signedOn) {

    enum Kind {
        @JsonProperty("signed_document")
        SIGNED_DOCUMENT,
        @JsonProperty("electronic")
        ELECTRONIC,
        @JsonProperty("agent_witness")
        AGENT_WITNESS
    }
}
